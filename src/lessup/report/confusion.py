"""The confusion matrix of a classifier."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.report.page import chart, escaped


def confusion_matrix(figures: Mapping[str, NDArray[np.generic]]) -> str:
    """Draw ``confusion_model`` (K, K) counts of views, true class by found class, as HTML; empty without one.

    Raises:
        DataError: it is not square, or does not fit ``classes`` (K,).
    """
    if "confusion_model" not in figures:
        return ""
    counts = np.asarray(figures["confusion_model"], np.float64)
    names = [escaped(str(name)) for name in figures.get("classes", np.arange(len(counts)))]
    if counts.shape != (len(names), len(names)):
        raise DataError(
            f"figure 'confusion_model' is {counts.shape}, wanted ({len(names)}, {len(names)}): evaluate again"
        )
    share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    data = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": share.round(1).tolist(),
        "zmin": 0,
        "zmax": 100,
        "colorscale": [[0, "var(--ground)"], [0.02, "var(--panel)"], [1, "var(--accent)"]],
        "showscale": False,
        "texttemplate": "%{z:.0f}",
        "hovertemplate": "%{y} taken for %{x}: %{z:.1f} %<extra></extra>",
        "xgap": 1,
        "ygap": 1,
    }
    layout = {
        "xaxis": {"title": {"text": "found"}, "tickangle": -45},
        "yaxis": {"title": {"text": "true"}, "autorange": "reversed"},
        "margin": {"l": 60, "r": 10, "t": 10, "b": 60},
    }
    caption = "Share of the views of each true class that the model took for each class, in percent."
    return chart([data], layout, caption=caption, height=140 + 32 * len(names))
