"""Polygons to triangles."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def fan(polygons: Iterable[Sequence[int]]) -> NDArray[np.int64]:
    """Cut each polygon into the (F, 3) triangles of a fan around its first corner; fewer than three corners give none.

    >>> fan([(0, 1, 2, 3), (4, 5, 6), (7, 8)]).tolist()
    [[0, 1, 2], [0, 2, 3], [4, 5, 6]]
    """
    triangles = [
        (polygon[0], polygon[corner], polygon[corner + 1])
        for polygon in polygons
        for corner in range(1, len(polygon) - 1)
    ]
    return np.array(triangles, np.int64).reshape(-1, 3)
