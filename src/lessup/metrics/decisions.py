"""How good decisions are: accuracies where a sample has one class, average precisions where it has several."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lessup.metrics.average_precision import AGAINST_POSITIVES, average_precisions
from lessup.metrics.class_means import class_means

NAMES = {"step": "map", "all_point": "map_all_point", "eleven_point": "map_11_point"}
"""Mean average precisions by definition; see ``average_precision``."""


def decision_scores(
    scores: NDArray[np.floating],
    targets: NDArray[np.int8],
    classes: Sequence[str],
    *,
    several: bool,
    handicap: float = AGAINST_POSITIVES,
) -> dict[str, float]:
    """Score decisions in percent.

    Args:
        scores: (N, K), the highest for the class decided on.
        targets: (N, K) 1 where a sample has a class, 0 where not, -1 not to be counted.
        classes: (K,) names.
        several: whether a sample may have several classes.
        handicap: of average precision.

    Returns:
        ``accuracy`` over samples, ``class_mean`` of the classes' own accuracies, and these as ``accuracy/NAME``; for
        several classes ``map`` (without interpolation), ``map_all_point``, ``map_11_point`` and ``map/NAME``.

    >>> decision_scores(np.eye(2), np.array([[1, 0], [1, 0]], np.int8), ("cat", "dog"), several=False)
    {'accuracy': 50.0, 'class_mean': 50.0, 'accuracy/cat': 50.0}
    """
    if several:
        return _precisions(average_precisions(scores, targets, handicap=handicap), classes)
    right = 100.0 * (scores.argmax(1) == targets.argmax(1))
    return _accuracies(right, targets, classes)


def chance_scores(
    known: NDArray[np.int8], asked: NDArray[np.int8], classes: Sequence[str], *, several: bool
) -> dict[str, float]:
    """Return what guessing gives that knows the classes' shares in the training part alone; see ``decision_scores``.

    With one class a sample, the most common class is always guessed, and one of them at random where several are. With
    several classes, all samples are alike: an average precision is the share of positives.

    Args:
        known: (N, K) targets of the training part.
        asked: (M, K) targets of the test part.
        classes: (K,) names.
        several: whether a sample may have several classes.
    """
    if several:
        counted = (asked >= 0).sum(0)
        share = np.where((asked == 1).any(0), (asked == 1).sum(0) / np.maximum(counted, 1), np.nan)
        return _precisions(dict.fromkeys(NAMES, share), classes)
    counts = (known == 1).sum(0)
    guessed = counts == counts.max()
    return _accuracies(100.0 * guessed[asked.argmax(1)] / guessed.sum(), asked, classes)


def _accuracies(right: NDArray[np.float64], targets: NDArray[np.int8], classes: Sequence[str]) -> dict[str, float]:
    by_class = class_means(right, targets.argmax(1).astype(np.int64), classes)
    return {
        "accuracy": float(right.mean()),
        "class_mean": float(np.mean([*by_class.values()])),
        **{f"accuracy/{name}": share for name, share in by_class.items()},
    }


def _precisions(found: dict[str, NDArray[np.float64]], classes: Sequence[str]) -> dict[str, float]:
    means = {NAMES[name]: 100 * float(np.nanmean(values)) for name, values in found.items()}
    of_class = zip(classes, found["step"].tolist(), strict=True)
    return means | {f"map/{name}": 100 * value for name, value in of_class if not np.isnan(value)}
