"""A few of many: which samples to look at where all would take too long, without any chance."""

import numpy as np
from numpy.typing import NDArray


def evenly_spaced(count: int, most: int) -> NDArray[np.int64]:
    """Return (M,) places among ``count``, rising from the first to the last; all where they are ``most`` or fewer.

    >>> evenly_spaced(10, 4).tolist(), evenly_spaced(3, 4).tolist(), evenly_spaced(0, 4).tolist()
    ([0, 3, 6, 9], [0, 1, 2], [])
    """
    places: NDArray[np.int64] = np.linspace(0, count - 1, min(most, count)).round().astype(np.int64)
    return places
