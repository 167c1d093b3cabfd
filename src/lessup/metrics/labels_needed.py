"""How many labels one way of learning needs to do as well as another."""

import math
from collections.abc import Sequence


def labels_needed(labels: Sequence[int], scores: Sequence[float], wanted: float) -> float:
    """Return the smallest number of labels a class at which a curve of scores reaches a wanted one.

    Between two measured numbers, the score is taken to rise in a straight line over the logarithm of the labels.

    Args:
        labels: (L,) numbers of labels, rising, at least 1.
        scores: (L,) scores, the higher the better.
        wanted: the score to reach.

    Returns:
        From the first number of labels, if it suffices, to the last; infinity if none does.

    >>> labels_needed([1, 100], [20.0, 40.0], 30.0)
    10.0
    """
    if scores[0] >= wanted:
        return float(labels[0])
    for place in range(1, len(labels)):
        if scores[place] >= wanted:
            fewer, more = labels[place - 1], labels[place]
            share = (wanted - scores[place - 1]) / (scores[place] - scores[place - 1])
            return float(fewer * (more / fewer) ** share) if share < 1 else float(more)
    return math.inf
