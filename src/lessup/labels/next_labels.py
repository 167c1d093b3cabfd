"""Which samples to label next: those that are unsure, stand for many others, and differ from one another."""

import numpy as np
from numpy.typing import NDArray

from lessup.labels.neighbour_graph import neighbour_graph

POOL = 10
"""For each sample that is asked for, how many of the unsure ones are looked at."""


def next_labels(
    x: NDArray[np.floating], shares: NDArray[np.float64], known: NDArray[np.bool_], count: int, *, neighbors: int = 10
) -> NDArray[np.int64]:
    """Choose samples whose label would help most.

    The share by which the first class leads the second is how sure a sample is; it weighs as much as the samples for
    which it stands, the reach of its edges in the graph of neighbours. Among the ``POOL`` times ``count`` best, each
    next one is the farthest from those chosen and those with a label.

    Args:
        x: (N, D) features.
        shares: (N, K) of the classes, K >= 2.
        known: (N,) whether the label is known already.
        count: how many to choose, fewer where fewer are left.
        neighbors: of each sample in the graph.

    Returns:
        At most ``count`` places, the most helpful first.

    Source: Settles, Craven, *An Analysis of Active Learning Strategies for Sequence Labeling Tasks*, 2008, section 3.4
    (information density); Sener, Savarese, *Active Learning for Convolutional Neural Networks: A Core-Set Approach*,
    2018, algorithm 1 (the farthest first).
    """
    free = np.flatnonzero(~known)
    count = min(count, len(free))
    if not count:
        return free[:0]
    top = np.partition(shares[free], -2, axis=1)[:, -2:]
    doubt = 1 - (top[:, 1] - top[:, 0])
    reach = np.asarray(neighbour_graph(x, neighbors).weight.sum(1))[free]
    pool = free[np.argsort(-doubt * reach, kind="stable")[: POOL * count]]
    chosen = [int(pool[0])]
    far = np.minimum(_from_nearest(x[pool], x[known]), np.linalg.norm(x[pool] - x[chosen[0]], axis=1))
    while len(chosen) < count:
        far[pool == chosen[-1]] = -1
        chosen.append(int(pool[far.argmax()]))
        far = np.minimum(far, np.linalg.norm(x[pool] - x[chosen[-1]], axis=1))
    return np.array(chosen, np.int64)


def _from_nearest(points: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (M,) distances to the nearest of the others; infinite where there are none."""
    nearest = np.full(len(points), np.inf)
    for other in others:
        nearest = np.minimum(nearest, np.linalg.norm(points - other, axis=1))
    return nearest
