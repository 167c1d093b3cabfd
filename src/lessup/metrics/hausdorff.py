"""How far two drawings lie apart."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree


def modified_hausdorff(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the larger of the two mean distances from the points of one set to the nearest of the other.

    Args:
        first: (N, 2) points, at least one.
        second: (M, 2) points, at least one.

    Source: Dubuisson, Jain, *A Modified Hausdorff Distance for Object Matching*, 1994, equation 6 with the mean.

    >>> modified_hausdorff(np.array([[0.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 4.0]]))
    2.0
    """
    there, back = KDTree(second).query(first)[0], KDTree(first).query(second)[0]  # (N,) and (M,) distances
    return float(max(there.mean(), back.mean()))
