"""Training curves from metrics.csv."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lessup.report.page import chart, escaped
from lessup.report.shapes3d import Trace, typed

_MOST_POINTS = 1000
"""Points that a curve keeps: more cannot be told apart on a screen."""

_TITLES = {
    "samples_per_second": "samples per second",
    "feature_std": "spread of the features",
    "effective_rank": "effective rank of the features",
    "dead_dimensions": "share of dead features",
}

Metrics = Mapping[str, NDArray[np.float64]]


def training_curves(metrics: Metrics) -> str:
    """Draw the loss with its validation, and a chart for each further column, as HTML; empty without lines.

    Args:
        metrics: (L,) values by column, NaN where a line has none; ``step`` is the axis.
    """
    if "step" not in metrics:
        return ""
    first = [name for name in ("loss", "val_loss") if name in metrics]
    last = [name for name in _TITLES if name in metrics]
    others = [name for name in metrics if name not in (*first, *last, "step")]
    paired = [name for name in others if name.startswith("val_") and name.removeprefix("val_") in others]
    charts = [_chart(metrics, first)] if first else []
    charts += [
        _chart(metrics, [name, f"val_{name}"] if f"val_{name}" in paired else [name])
        for name in others
        if name not in paired
    ]
    charts += [_chart(metrics, [name]) for name in last]
    return f'<div class="charts">{"".join(charts)}</div>'


def _chart(metrics: Metrics, names: list[str]) -> str:
    data = [_curve(metrics["step"], metrics[name], name) for name in names]
    values = np.concatenate([metrics[name] for name in names])
    values = values[np.isfinite(values)]
    spans_decades = len(values) > 0 and values.min() > 0 and values.max() > 20 * values.min()
    title = _TITLES.get(names[0], names[0].replace("_", " "))
    layout = {
        "title": {"text": escaped(title), "font": {"size": 15}, "x": 0, "xref": "paper"},
        "xaxis": {"title": {"text": "update"}},
        "yaxis": {"type": "log" if spans_decades else "linear", "rangemode": "normal" if spans_decades else "tozero"},
        "margin": {"l": 50, "r": 10, "t": 40, "b": 45},
        "showlegend": len(names) > 1,
        "legend": {"x": 1, "xanchor": "right", "y": 1},
    }
    return chart(data, layout, caption="")


def _curve(step: NDArray[np.float64], values: NDArray[np.float64], name: str) -> Trace:
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(step))
    kept = known[:: -(-len(known) // _MOST_POINTS) or 1]
    is_validation = name.startswith("val_")
    colour = "var(--extra)" if is_validation else "var(--accent)"
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(kept) < 40 else "lines",
        "name": "validation" if is_validation else "training",
        "x": typed(step[kept]),
        "y": typed(values[kept].astype(np.float32)),
        "line": {"color": colour, "width": 2},
        "marker": {"size": 6},
    }
