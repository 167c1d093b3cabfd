"""Intersection over union of segmented classes."""

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
