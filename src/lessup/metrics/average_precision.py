"""Average precision of a ranked list under its three names, which give three different numbers.

- ``step``: the sum of precision times the rise of recall, without interpolation; what scikit-learn computes.
- ``all_point``: the area under the falling envelope of precision; PASCAL VOC from 2010 on.
- ``eleven_point``: the mean of that envelope at the recalls 0, 0.1 ... 1; PASCAL VOC until 2009.

Equal scores are one place of the list, so that no result hangs on the order of the samples.

Source: Everingham, Van Gool, Williams, Winn, Zisserman, *The PASCAL Visual Object Classes (VOC) Challenge*, 2010,
section 4.2; Everingham and others, *The PASCAL Visual Object Classes Challenge: A Retrospective*, 2015, section 3.4.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AGAINST_POSITIVES = 1e-5
"""Taken from the scores of positives in the published classification code on PASCAL VOC: ties go against them."""


def precision_recall(
    scores: NDArray[np.floating], positive: NDArray[np.bool_], *, num_positive: int | None = None
) -> tuple[Floats, Floats]:
    """Return precision and recall at every distinct score, the highest first.

    Args:
        scores: (N,) finite, high where a positive is expected.
        positive: (N,).
        num_positive: how many there are to be found; detections may miss some. Those of ``positive`` if not given.

    Returns:
        (T,) precision and (T,) recall in [0, 1], T <= N; recall is NaN where there is nothing to find.

    >>> precision_recall(np.array([0.9, 0.5, 0.5]), np.array([True, False, True]))
    (array([1.        , 0.66666667]), array([0.5, 1. ]))
    """
    order = np.argsort(-scores, kind="stable")
    sorted_scores, found = scores[order], np.cumsum(positive[order])
    last_of_tie = np.flatnonzero(np.append(sorted_scores[1:] != sorted_scores[:-1], True)[: len(scores)])
    total = int(positive.sum()) if num_positive is None else num_positive
    hits = found[last_of_tie].astype(np.float64)
    return hits / (last_of_tie + 1), hits / (total or np.nan)


def step(precision: Floats, recall: Floats) -> float:
    """Return the sum of precision times the rise of recall.

    >>> step(np.array([0.5, 1.0]), np.array([0.5, 1.0]))
    0.75
    """
    return float((precision * np.diff(recall, prepend=0.0)).sum()) if len(recall) else 0.0


def all_point(precision: Floats, recall: Floats) -> float:
    """Return the area under the envelope: at each recall the best precision that is reached there or beyond.

    >>> all_point(np.array([0.5, 1.0]), np.array([0.5, 1.0]))
    1.0
    """
    return step(_envelope(precision), recall)


def eleven_point(precision: Floats, recall: Floats, *, num_points: int = 11) -> float:
    """Return the mean of the envelope at evenly spaced recalls; it is 0 beyond the last one that was reached.

    Args:
        precision: (T,).
        recall: (T,), never falling.
        num_points: 11 as in PASCAL VOC 2007; 101 as in COCO.

    >>> round(eleven_point(np.array([1.0]), np.array([0.5])), 4)
    0.5455
    """
    if np.isnan(recall).any():
        return float("nan")
    # Recalls are ratios of counts: 3 / 10 and 0.3 must meet in spite of their last bit.
    asked = np.arange(num_points) / (num_points - 1) - 1e-12
    place = np.searchsorted(recall, asked)
    return float(np.append(_envelope(precision), 0.0)[place].mean())


def average_precisions(
    scores: NDArray[np.floating], tags: NDArray[np.int8], *, handicap: float = AGAINST_POSITIVES
) -> dict[str, Floats]:
    """Return every class's average precision by the name of its definition.

    Args:
        scores: (N, K).
        tags: (N, K) 1 where a class is in the image, 0 where not, -1 where the image is not to be counted (in PASCAL
            VOC: where all objects of the class are difficult).
        handicap: taken from the scores of positives first; 0 leaves them.

    Returns:
        ``step``, ``all_point`` and ``eleven_point``: (K,) in [0, 1], NaN for a class without a positive.
    """
    found = {name: np.full(tags.shape[1], np.nan) for name in ("step", "all_point", "eleven_point")}
    for number in range(tags.shape[1]):
        counted = tags[:, number] >= 0
        positive = tags[counted, number] == 1
        if positive.any():
            curve = precision_recall(scores[counted, number].astype(np.float64) - handicap * positive, positive)
            for name, value in zip(found, (step(*curve), all_point(*curve), eleven_point(*curve)), strict=True):
                found[name][number] = value
    return found


def _envelope(precision: Floats) -> Floats:
    return np.maximum.accumulate(precision[::-1])[::-1]
