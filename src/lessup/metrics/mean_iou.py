"""Intersection over union of segmented classes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def class_ious(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each class's intersection over union.

    Args:
        table: (K, K) counts of pixels over all images; rows are true classes.

    Returns:
        (K,) in [0, 1]; NaN for a class that is not there, which the mean leaves out.

    Source: Everingham et al., *The PASCAL Visual Object Classes (VOC) Challenge*, 2010, section 4.4.

    >>> class_ious(np.array([[2, 1, 0], [1, 4, 0], [0, 0, 0]]))
    array([0.5       , 0.66666667,        nan])
    """
    both = np.diag(table).astype(np.float64)
    true = table.sum(axis=1)
    union = true + table.sum(axis=0) - both
    return np.where(true > 0, both / np.maximum(union, 1), np.nan)


def segmentation_scores(table: NDArray[np.int64], names: Sequence[str]) -> dict[str, float]:
    """Return ``mean_iou``, ``pixel_accuracy`` and ``iou/CLASS`` of the classes that are there, in percent.

    Args:
        table: (K, K) counts of pixels over all images; rows are true classes.
        names: of the K classes.

    >>> segmentation_scores(np.array([[3, 1], [0, 0]]), ["ground", "cat"])
    {'mean_iou': 75.0, 'pixel_accuracy': 75.0, 'iou/ground': 75.0}
    """
    ious = class_ious(table)
    return {
        "mean_iou": 100 * float(np.nanmean(ious)),
        "pixel_accuracy": 100 * float(np.diag(table).sum() / table.sum()),
        **{f"iou/{name}": 100 * float(iou) for name, iou in zip(names, ious, strict=True) if not np.isnan(iou)},
    }
