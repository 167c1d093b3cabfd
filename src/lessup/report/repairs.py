"""Before and after: clean, damaged and repaired shapes side by side."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.report.page import chart, viewer
from lessup.report.presentation import Presentation
from lessup.report.shapes3d import Trace, key, layout, traces
from lessup.report.tables import Rows

_TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]

Figures = Mapping[str, NDArray[np.generic]]

_KEPT, _RESTORED, _EXTRA, _MISSING = 1, 2, 3, 4
_COLOURS = {_KEPT: "var(--kept)", _RESTORED: "var(--restored)", _EXTRA: "var(--extra)", _MISSING: "var(--missing)"}
_MEANING = {
    _KEPT: "was there",
    _RESTORED: "put back rightly",
    _EXTRA: "put where nothing belongs",
    _MISSING: "still missing",
}
_TITLES = ("clean", "damaged", "repaired")
_FIRST_SHOWN = "half"
"""The damage that shows best what a network knows of shapes."""


def unpacked(figures: Figures, name: str, side: int) -> NDArray[np.bool_]:
    """Unpack (E, ceil(V^3 / 8)) uint8 figures to (E, V, V, V) bool grids.

    Raises:
        DataError: the array is missing or has another shape or type.
    """
    bits = figures.get(name)
    wanted = -(-(side**3) // 8)
    if bits is None or bits.dtype != np.uint8 or bits.ndim != 2 or bits.shape[1] != wanted:
        raise DataError(f"figure {name!r} is no (E, {wanted}) uint8 array: evaluate again")
    cells = np.unpackbits(bits.astype(np.uint8), axis=1)[:, : side**3]
    return cells.reshape(-1, side, side, side).astype(bool)


def read_side(figures: Figures) -> int:
    """Return V, the cells per side of the grids among the figures.

    Raises:
        DataError: it is missing or no number from 1 to 255.
    """
    side = figures.get("side")
    if side is None or side.size != 1 or side.dtype.kind not in "iu" or not 1 <= int(side.ravel()[0]) <= 255:
        raise DataError("figure 'side' is no number of cells from 1 to 255: evaluate again")
    return int(side.ravel()[0])


def before_and_after(figures: Figures, shown: Presentation) -> str:
    """Write the panels of the shape-repair examples as HTML; empty without examples.

    Raises:
        DataError: the figures do not fit together.
    """
    suffix = "_repaired"
    columns = [name[len("example_") : -len(suffix)] for name in figures if name.endswith(suffix)]
    if not columns:
        return ""
    side = read_side(figures)
    clean = unpacked(figures, "example_clean", side)
    names = [str(name) for name in figures.get("example_id", np.arange(len(clean)))]
    choices = []
    for column in sorted(columns, key=lambda name: name != _FIRST_SHOWN):
        damaged = unpacked(figures, f"example_{column}_corrupted", side)
        repaired = unpacked(figures, f"example_{column}_repaired", side)
        if not len(names) == len(clean) == len(damaged) == len(repaired):
            raise DataError(f"figures of {column!r} differ in length: evaluate again")
        for name, *grids in zip(names, clean, damaged, repaired, strict=True):
            if grids[1].any():
                group = shown.columns.get(column, column)
                choices.append({"name": name, "group": group, "about": _about(*grids), "panels": _panels(*grids)})
    meaning = key([(colour, _MEANING[label]) for label, colour in _COLOURS.items()])
    return viewer(_TITLES, choices, layout(side), key=meaning) if choices else ""


def error_chart(ours: Rows, theirs: Rows, shown: Presentation, *, method: str) -> str:
    """Draw the error of every row by damage; published rows are hollow."""
    metrics = [metric for metric in shown.columns if any(metric in scores for scores in ours.values())]
    heads = [shown.columns[metric] for metric in metrics]
    marks = {"identity": "kept", "closing": "extra", "model": "accent"}
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": method if row == "model" else shown.rows.get(row, row),
            "x": heads,
            "y": [scores[metric].mean if metric in scores else None for metric in metrics],
            "line": {"width": 3 if row == "model" else 1, "color": f"var(--{marks[row]})"},
            "marker": {"size": 9, "color": f"var(--{marks[row]})"},
        }
        for row, scores in ours.items()
        if row in marks
    ]
    data += [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{row}, published",
            "x": heads,
            "y": [scores[metric].mean if metric in scores else None for metric in metrics],
            "marker": {"size": 9, "symbol": symbol, "color": "var(--soft)"},
        }
        for symbol, (row, scores) in zip(("circle-open", "square-open", "diamond-open"), theirs.items(), strict=False)
    ]
    axes = {
        "yaxis": {"type": "log", "title": {"text": "error, %"}, "tickvals": _TICKS},
        "xaxis": {"tickangle": "auto"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 50, "r": 10, "t": 10, "b": 40},
    }
    caption = "Error by what was removed, on a logarithmic scale."
    return chart(data, axes, caption=caption, height=380) if metrics else ""


def _panels(clean: NDArray[np.bool_], damaged: NDArray[np.bool_], repaired: NDArray[np.bool_]) -> list[list[Trace]]:
    result = np.zeros(clean.shape, np.uint8)
    result[repaired & damaged] = _KEPT
    result[repaired & ~damaged & clean] = _RESTORED
    result[repaired & ~clean] = _EXTRA
    lost = (clean & ~repaired).astype(np.uint8) * _MISSING
    only_kept = {_KEPT: _COLOURS[_KEPT]}
    return [
        traces(clean.astype(np.uint8), only_kept),
        traces(damaged.astype(np.uint8), only_kept),
        traces(result, _COLOURS) + traces(lost, _COLOURS, opacity=0.35),
    ]


def _about(clean: NDArray[np.bool_], damaged: NDArray[np.bool_], repaired: NDArray[np.bool_]) -> str:
    removed, back = int((clean & ~damaged).sum()), int((clean & ~damaged & repaired).sum())
    wrong = int((repaired & ~clean).sum())
    return f"{clean.sum():,} cells, {removed:,} removed; {back:,} of them put back, {wrong:,} put where nothing belongs"
