"""A graph whose edges join every sample to its nearest: sparse however many samples there are.

Source of the weights: Zelnik-Manor, Perona, *Self-Tuning Spectral Clustering*, 2004, section 3: exp(-d^2 / (s_i s_j)),
where s_i is the distance of sample i to its k-th neighbour, here the last that is looked at.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import KDTree

from lessup.errors import UsageError
from lessup.probes.nearest import nearest

TREE_WIDTH = 15
"""Features up to which a k-d tree finds neighbours faster than comparing all with all."""

SMALLEST = 1e-12
"""Least scale, as a share of the largest: samples that equal all their neighbours have none of their own."""


MOST_APART = 100.0
"""Largest exponent: an edge never vanishes, however small ``sigma`` is beside its length."""


@dataclass(frozen=True, eq=False)
class NeighbourGraph:
    """A graph of N samples.

    Attributes:
        weight: (N, N) float64, symmetric, its diagonal empty; no row is without an edge.
        scale: (N,) distance of each sample to the last of its neighbours.
    """

    weight: csr_array
    scale: NDArray[np.float64]


def neighbour_graph(x: NDArray[np.floating], k: int, *, sigma: float | None = None) -> NeighbourGraph:
    """Join every sample to its k nearest, and to those whose k nearest it is among.

    Args:
        x: (N, D) finite features, N >= 2.
        k: neighbours of each, at least 1; all others where there are fewer.
        sigma: an edge of length d weighs exp(-d^2 / (2 sigma^2)); ``math.inf``: 1; ``None``: by the scales of its ends.

    Raises:
        UsageError: k or sigma is out of range.

    >>> neighbour_graph(np.array([[0.0], [1.0], [3.0]]), 1, sigma=np.inf).weight.toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    """
    if k < 1 or (sigma is not None and not sigma > 0):
        raise UsageError(f"{k} neighbours, sigma {sigma}: wanted 1 or more, and None or a number above 0")
    index, distance = _nearest_others(x, k)
    num, k = index.shape
    rows = np.repeat(np.arange(num), k)
    weight = edge_weights(distance, distance[:, -1], distance[:, -1][index], sigma)
    graph = csr_array((weight.ravel(), (rows, index.ravel())), shape=(num, num))
    return NeighbourGraph(graph.maximum(graph.T).tocsr(), distance[:, -1])


def nearest_known(
    queries: NDArray[np.floating], x: NDArray[np.floating], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (M, k) the nearest of (N, D) samples to each of (M, D) queries and their distances, nearest first."""
    k = min(k, len(x))
    if x.shape[1] <= TREE_WIDTH:
        distance, index = KDTree(x).query(queries, [*range(1, k + 1)], workers=-1)
        return index, distance
    bank, unit = _scaled(x, x)
    found = nearest(_scaled(queries, x)[0], bank, k, metric="euclidean")
    return found.index.numpy(), found.distance.numpy().astype(np.float64) * unit


def edge_weights(
    distance: NDArray[np.float64],
    scale: NDArray[np.float64],
    other_scale: NDArray[np.float64],
    sigma: float | None,
) -> NDArray[np.float64]:
    """Return (M, k) weights of edges.

    Args:
        distance: (M, k) lengths.
        scale: (M,) of the samples.
        other_scale: (M, k) of those at the other ends.
        sigma: see ``neighbour_graph``.
    """
    if sigma is not None:
        apart = np.square(distance / sigma) / 2
    else:
        product = scale[:, None] * other_scale
        least = SMALLEST * max(float(product.max(initial=0)), np.finfo(np.float64).tiny / SMALLEST)
        apart = np.square(distance) / np.maximum(product, least)
    return np.exp(-np.minimum(apart, MOST_APART))


def _nearest_others(x: NDArray[np.floating], k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (N, k) the nearest other samples of each and their Euclidean distances, nearest first."""
    k = min(k, len(x) - 1)
    if x.shape[1] <= TREE_WIDTH:
        distance, index = KDTree(x).query(x, k + 1, workers=-1)
        return _without_self(index, distance)
    from_mean, unit = _scaled(x, x)
    found = nearest(from_mean, from_mean, k, metric="euclidean", leave_out=torch.arange(len(x)))
    return found.index.numpy(), found.distance.numpy().astype(np.float64) * unit


def _scaled(x: NDArray[np.floating], of: NDArray[np.floating]) -> tuple[torch.Tensor, float]:
    """Return float32 features from the mean of ``of`` on, and the unit in which they are measured."""
    mean = of.mean(0, dtype=np.float64)
    unit = float(np.abs(of - mean).max()) or 1.0
    return torch.from_numpy(((x - mean) / unit).astype(np.float32)), unit


def _without_self(
    index: NDArray[np.int64], distance: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Take each sample out of its own (N, k + 1) neighbours; where equal ones hide it, the last goes."""
    own = index == np.arange(len(index))[:, None]
    own[~own.any(1), -1] = True
    shape = len(index), index.shape[1] - 1
    return index[~own].reshape(shape), distance[~own].reshape(shape)
