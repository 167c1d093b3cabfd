"""How far up in a list sorted by likeness the samples of the query's class stand."""

import numpy as np
from numpy.typing import NDArray

CHUNK = 256
"""Queries ranked at once."""


def average_precision(
    features: NDArray[np.float32], label: NDArray[np.int64], group: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Rank all samples by cosine for each sample as a query, and return the average precision of each list.

    The precision is averaged over the places of the relevant samples (all points, no interpolation). A query is not in
    its own list. Equal cosines are ranked in a random order that is always the same, so that features which have
    collapsed score as chance does.

    Args:
        features: (N, D).
        label: (N,) class; samples of the query's class are relevant.
        group: (N,) object; if given, the other samples of the query's object are not in its list either.

    Returns:
        (N,) in [0, 1], NaN for a query without a relevant sample.

    Source: cosine distance and average precision as in the authors' code of Sharma, Grau, Fritz, *VConv-DAE*, 2016,
    whose lists hold the other views of the query's own object.

    >>> average_precision(np.eye(3, dtype=np.float32)[[0, 0, 1]], np.array([0, 0, 1]))
    array([ 1.,  1., nan])
    """
    order = np.random.default_rng(0).permutation(len(features))
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.maximum(lengths, 1e-12)
    own = np.arange(len(features)) if group is None else group
    precision = np.empty(len(features))
    for start in range(0, len(features), CHUNK):
        queries = slice(start, start + CHUNK)
        hidden = own[queries, None] == own[order]  # (Q, N)
        cosine = np.where(hidden, -np.inf, unit[queries] @ unit[order].T)
        ranked = np.argsort(-cosine, axis=1, kind="stable")
        relevant = np.take_along_axis((label[queries, None] == label[order]) & ~hidden, ranked, axis=1)
        precision[queries] = _average_precision(relevant)
    return precision


def chance_average_precision(num_relevant: NDArray[np.int64], num_listed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the average precision to expect of a list in random order.

    Args:
        num_relevant: (N,) relevant samples in the list of each query, >= 1.
        num_listed: (N,) samples in it.

    Returns:
        (N,) in (0, 1]: the mean over the places i of (1 + (i - 1)(R - 1) / (n - 1)) / i.

    >>> chance_average_precision(np.array([1]), np.array([2]))
    array([0.75])
    """
    harmonic = np.cumsum(1 / np.arange(1, num_listed.max() + 1))[num_listed - 1]
    share = (num_relevant - 1) / np.maximum(num_listed - 1, 1)
    expected: NDArray[np.float64] = (harmonic + share * (num_listed - harmonic)) / num_listed
    return expected


def nearest(
    features: NDArray[np.float32], queries: NDArray[np.int64], group: NDArray[np.int64], *, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the samples of other objects that are most like each query, by cosine.

    Args:
        features: (N, D).
        queries: (Q,) positions among the N samples.
        group: (N,) object.
        count: M, how many to find.

    Returns:
        (Q, M) positions, the nearest first, and their (Q, M) cosines in [-1, 1]; -inf where an object of the query's
        own had to be listed for want of others.

    >>> nearest(np.eye(2, dtype=np.float32)[[0, 0, 1, 0]], np.array([0]), np.array([0, 0, 1, 2]), count=1)
    (array([[3]]), array([[1.]]))
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    cosine = np.where(group[queries, None] == group, -np.inf, (unit[queries] @ unit.T).astype(np.float64))
    order = np.argsort(-cosine, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(cosine, order, axis=1)


def _average_precision(relevant: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (Q,) from whether each of (Q, N) places, the best first, is relevant."""
    hits = np.cumsum(relevant, axis=1)
    precision = hits / np.arange(1, relevant.shape[1] + 1)
    count = hits[:, -1]
    total: NDArray[np.float64] = (precision * relevant).sum(1)
    return total / np.where(count > 0, count, np.nan)
