"""What a split keeps together: groups of samples, joined where two hold an equal sample."""

import numpy as np
from numpy.typing import NDArray


def joined_groups(group: NDArray[np.int64], first_equal: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number groups so that those share a number which hold an equal sample, directly or through others.

    Args:
        group: (N,) int64 group of every sample, 0 or more.
        first_equal: (N,) int64 number of the first sample that is equal to each.

    Returns:
        (N,) int64.

    >>> joined_groups(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 3]))
    array([0, 0, 0, 1])
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    twin = group[first_equal]
    size = int(group.max(initial=-1)) + 1
    links = coo_array((np.ones(len(twin), bool), (group, twin)), shape=(size, size))
    number: NDArray[np.int64] = connected_components(links, directed=False)[1].astype(np.int64)
    return number[group]
