"""Before and after: clean, damaged and repaired shapes side by side."""

import numpy as np
from numpy.typing import NDArray

from lessup.report.grids import Figures, named, read_side, unpacked
from lessup.report.page import chart, viewer
from lessup.report.presentation import Presentation
from lessup.report.shapes3d import Trace, key, layout, traces
from lessup.report.tables import Rows

_TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]

_KEPT, _RESTORED, _EXTRA, _MISSING = 1, 2, 3, 4
_COLOURS = {_KEPT: "var(--kept)", _RESTORED: "var(--restored)", _EXTRA: "var(--extra)", _MISSING: "var(--missing)"}
_ONLY_KEPT = {_KEPT: _COLOURS[_KEPT]}
_MEANING = {
    _KEPT: "was there",
    _RESTORED: "put back rightly",
    _EXTRA: "put where nothing belongs",
    _MISSING: "still missing",
}
_TITLES = ("clean", "damaged", "repaired")
_FIRST_SHOWN = "half"
"""The damage that shows best what a network knows of shapes."""


def before_and_after(figures: Figures, shown: Presentation) -> str:
    """Write the panels of the shape-repair examples as HTML; empty without examples.

    Raises:
        DataError: the figures do not fit together.
    """
    suffix = "_repaired"
    columns = [name[len("example_") : -len(suffix)] for name in figures if name.endswith(suffix)]
    if not columns:
        return ""
    count = len(figures.get("example_id", ()))
    names = named(figures, "example_id", (count,))
    clean = unpacked(figures, "example_clean", (count,))
    whole = [traces(grid.astype(np.uint8), _ONLY_KEPT) for grid in clean]
    choices = []
    for column in sorted(columns, key=lambda name: name != _FIRST_SHOWN):
        damaged, repaired = (
            unpacked(figures, f"example_{column}_{end}", (count,)) for end in ("corrupted", "repaired")
        )
        for name, first, *grids in zip(names, whole, clean, damaged, repaired, strict=True):
            if grids[1].any():
                group = shown.columns.get(column, column)
                choices.append(
                    {
                        "name": str(name),
                        "group": group,
                        "about": f"{group} removed. {_about(*grids)}",
                        "panels": [first, *_panels(*grids)],
                    }
                )
    meaning = key([(colour, _MEANING[label]) for label, colour in _COLOURS.items()])
    meaning += "Shapes turn with the mouse or a finger."
    return viewer(_TITLES, choices, layout(read_side(figures)), key=meaning) if choices else ""


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
    """Draw the damaged and the repaired grid."""
    result = np.zeros(clean.shape, np.uint8)
    result[repaired & damaged] = _KEPT
    result[repaired & ~damaged & clean] = _RESTORED
    result[repaired & ~clean] = _EXTRA
    lost = (clean & ~repaired).astype(np.uint8) * _MISSING
    return [
        traces(damaged.astype(np.uint8), _ONLY_KEPT),
        traces(result, _COLOURS) + traces(lost, _COLOURS, opacity=0.35),
    ]


def _about(clean: NDArray[np.bool_], damaged: NDArray[np.bool_], repaired: NDArray[np.bool_]) -> str:
    removed, back = int((clean & ~damaged).sum()), int((clean & ~damaged & repaired).sum())
    wrong = int((repaired & ~clean).sum())
    return (
        f"{removed:,} of {clean.sum():,} cells are gone; {back:,} of them put back, {wrong:,} put where nothing belongs"
    )
