"""What each row reaches with more and more labels."""

import numpy as np

from lessup.errors import DataError
from lessup.report.grids import Figures, named
from lessup.report.page import chart, escaped
from lessup.report.presentation import Presentation
from lessup.report.shapes3d import Trace

_COLOURS = ("--kept", "--soft", "--missing", "--restored", "--extra")
"""Of the rows beside the model, in their order."""


def labels_chart(figures: Figures, shown: Presentation, *, method: str) -> str:
    """Draw the curve of every row with its spread, as HTML; empty without one.

    Args:
        figures: of labels-curve: ``labels`` (L,), ``rows``, ``metric``, and ``mean_ROW`` and ``std_ROW`` (L,).
        shown: what the rows are called.
        method: name of the method, plain text.

    Raises:
        DataError: the figures do not fit together.
    """
    if "labels" not in figures:
        return ""
    labels = figures["labels"]
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels) or labels.min() < 1:
        raise DataError("figure 'labels' holds no numbers of labels: evaluate again")
    rows = [str(row) for row in figures.get("rows", ())]
    others = [row for row in rows if row != "model"]
    traces = []
    for row in rows:
        colour = "--accent" if row == "model" else _COLOURS[others.index(row) % len(_COLOURS)]
        mean, std = (named(figures, f"{kind}_{row}", labels.shape).astype(float) for kind in ("mean", "std"))
        name = method if row == "model" else shown.rows.get(row, row.replace("_", " "))
        traces.append(_curve(labels.astype(int).tolist(), mean, std, name, f"var({colour})"))
    metric = str(figures.get("metric", "score"))
    layout = {
        "xaxis": {
            "type": "log",
            "title": {"text": "labels a class"},
            "tickvals": labels.tolist(),
            "ticktext": [str(number) for number in labels.tolist()],
        },
        "yaxis": {"title": {"text": escaped(f"{shown.columns.get(metric, metric)}, %")}, "rangemode": "tozero"},
        "margin": {"l": 55, "r": 10, "t": 10, "b": 45},
        "legend": {"orientation": "h", "y": -0.2},
    }
    caption = "Mean and standard deviation over draws of the labels; the axis of labels is logarithmic."
    return chart(traces, layout, caption=caption, height=420)


def _curve(labels: list[int], mean: np.ndarray, std: np.ndarray, name: str, colour: str) -> Trace:
    known = np.isfinite(mean)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": escaped(name),
        "x": [number for number, keep in zip(labels, known, strict=True) if keep],
        "y": mean[known].round(3).tolist(),
        "error_y": {"type": "data", "array": np.nan_to_num(std[known]).round(3).tolist(), "thickness": 1.2},
        "line": {"color": colour, "width": 2},
        "marker": {"size": 7},
    }
