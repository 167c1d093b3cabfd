"""Detection error trade-off: false rejects over false accepts of every row."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lessup.errors import DataError
from lessup.report.grids import Figures, named
from lessup.report.page import chart, escaped
from lessup.report.presentation import Presentation
from lessup.report.shapes3d import Trace

_KINDS = {"pairs": "pairs, by distance", "gaussian": "claims, by each person's normal distribution"}

_COLOURS = ("--kept", "--soft", "--missing", "--restored")
"""Of the rows beside the model, in their order."""

_TICKS = (0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 80)
"""Rates in percent that the axes name."""

_LEAST = 0.0005
"""Rates are drawn as if they were at least so large, and as far from 1: the deviate of 0 is infinite."""


def error_trade_off(figures: Figures, shown: Presentation, *, method: str) -> str:
    """Draw the curves of every row, for pairs and for claims, on axes of normal deviates, as HTML; empty without them.

    Args:
        figures: of verification: ``rows``, and (T,) ``KIND_false_accept_ROW`` and ``KIND_false_reject_ROW``.
        shown: what the rows are called.
        method: name of the method, plain text.

    Raises:
        DataError: the figures do not fit together.

    Source: Martin, Doddington, Kamm, Ordowski, Przybocki, *The DET Curve in Assessment of Detection Task Performance*,
    1997.
    """
    rows = [str(row) for row in figures.get("rows", ())]
    charts = []
    for kind, title in _KINDS.items():
        drawn = [row for row in rows if f"{kind}_false_accept_{row}" in figures]
        if drawn:
            traces = [_trace(figures, kind, row, shown, method, _colour(row, rows)) for row in drawn]
            charts.append(chart(traces, _layout(title), caption="", height=420))
    caption = (
        "<p>On axes of normal deviates two normal distributions give a straight line; lower and left is better.</p>"
    )
    return f'<div class="charts">{"".join(charts)}</div>{caption}' if charts else ""


def _colour(row: str, rows: list[str]) -> str:
    others = [other for other in rows if other != "model"]
    return "--accent" if row == "model" else _COLOURS[others.index(row) % len(_COLOURS)]


def _trace(figures: Figures, kind: str, row: str, shown: Presentation, method: str, colour: str) -> Trace:
    accept = figures[f"{kind}_false_accept_{row}"]
    if accept.ndim != 1 or accept.dtype.kind != "f":
        raise DataError(f"figure '{kind}_false_accept_{row}' holds no rates: evaluate again")
    reject = named(figures, f"{kind}_false_reject_{row}", accept.shape)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": escaped(method if row == "model" else shown.rows.get(row, row.replace("_", " "))),
        "x": _deviate(accept).tolist(),
        "y": _deviate(reject).tolist(),
        "line": {"color": f"var({colour})", "width": 2, "shape": "hv"},
    }


def _deviate(rate: NDArray[np.generic]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = ndtri(np.clip(rate.astype(np.float64), _LEAST, 1 - _LEAST)).round(4)
    return found


def _layout(title: str) -> Trace:
    ticks = {
        "tickvals": _deviate(np.array(_TICKS) / 100).tolist(),
        "ticktext": [f"{tick:g}" for tick in _TICKS],
        "range": _deviate(np.array([_LEAST, 0.8])).tolist(),
    }
    return {
        "title": {"text": escaped(title), "font": {"size": 15}, "x": 0, "xref": "paper"},
        "xaxis": {"title": {"text": "false accepts, %"}, **ticks},
        "yaxis": {"title": {"text": "false rejects, %"}, **ticks},
        "margin": {"l": 55, "r": 10, "t": 40, "b": 45},
        "legend": {"orientation": "h", "y": -0.2},
    }
