"""A linear detector of one thing, whose negatives are drawn at random first and then mined by its own score.

Source: Dalal, Triggs, *Histograms of Oriented Gradients for Human Detection*, 2005, section 6, who search for false
positives and train again; Felzenszwalb, Girshick, McAllester, Ramanan, *Object Detection with Discriminatively Trained
Part Based Models*, 2010, section 4.4, for the margin: a negative that scores -1 or less changes nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.probes.one_vs_rest import one_vs_rest
from lessup.probes.spaces import BIAS, COLLAPSED, Matrix, Vectors

TOLERANCE = 0.01
"""Largest violation of optimality."""

PASSES = 500
"""Over the samples in one fit, at most."""


@dataclass(frozen=True, kw_only=True)
class Mining:
    """How a detector is fitted.

    Attributes:
        cost: of a training error, for features whose mean square is 1.
        rounds: of mining, at most; 0 stays with the random negatives.
        seed: of the random negatives.
    """

    cost: float = 1.0
    rounds: int = 10
    seed: int = 0


MINING = Mining()


@dataclass(frozen=True, eq=False)
class Detector:
    """A linear machine on features as they come.

    Attributes:
        weight: (D,) float32.
        bias: added to the product of weight and features.
        used: (N,) bool, negatives that it was trained with.
        added: how many negatives each round added, the random ones first.
        done: whether no negative was left that could change it.
    """

    weight: NDArray[np.float32]
    bias: float
    used: NDArray[np.bool_]
    added: tuple[int, ...]
    done: bool

    def scores(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return (M,) decision values of (M, D) features."""
        decided: NDArray[np.float32] = (features @ self.weight + self.bias).astype(np.float32)
        return decided


def mined_detector(
    features: NDArray[np.float32],
    positive: NDArray[np.bool_],
    negative: NDArray[np.bool_],
    mining: Mining = MINING,
) -> Detector:
    """Fit a machine to all positives and as many random negatives, and add its hardest negatives round by round.

    Each round adds those that score above -1, the highest first and at most as many as there are positives, to the
    negatives that were used before. Where none is left, the machine is that of all negatives.

    Args:
        features: (N, D).
        positive: (N,) images of the thing.
        negative: (N,) images without it; others are left out.
        mining: how.

    Raises:
        DataError: there is no positive or no negative, or all features are equal.

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
    >>> mined_detector(x, x[:, 0] > 1.5, x[:, 0] < 1.5).scores(x).round(1)
    array([-1.1, -0.4,  0.4,  1.1], dtype=float32)
    """
    _check(positive, negative)
    counted = positive | negative
    centre = features[counted].mean(0)
    length = _length(features[counted] - centre)
    known = np.pad((features - centre) / length, ((0, 0), (0, 1)), constant_values=BIAS**0.5)
    rng, most = np.random.default_rng(mining.seed), int(positive.sum())
    used = np.zeros(len(features), bool)
    added, new = [], rng.permutation(np.flatnonzero(negative))[:most]
    for left in range(mining.rounds, -1, -1):
        used[new] = True
        added.append(len(new))
        state = _fitted(known, positive, used, mining.cost)
        new = _hardest((known @ state)[:, 0], negative & ~used, most)
        if not left or not len(new):
            break
    weight, bias = state[:-1, 0] / length, float(state[-1, 0] * BIAS**0.5)
    return Detector(weight.astype(np.float32), bias - float(centre @ weight), used, tuple(added), not len(new))


def _check(positive: NDArray[np.bool_], negative: NDArray[np.bool_]) -> None:
    if not positive.any() or not negative.any():
        raise DataError(
            f"{positive.sum()} images with it and {negative.sum()} without: a detector needs both to learn from"
        )


def _length(centred: NDArray[np.float32]) -> float:
    """Return the root of the mean square of (N, D) centred features."""
    size = float(np.square(centred, dtype=np.float64).sum()) / len(centred)
    if not size > COLLAPSED:
        raise DataError("all features are equal: wanted a network that was trained")
    return float(size**0.5)


def _fitted(known: Matrix, positive: NDArray[np.bool_], used: NDArray[np.bool_], cost: float) -> Matrix:
    rows = np.flatnonzero(positive | used)
    targets = positive[rows, None].astype(np.int8)
    space = Vectors(known[rows], known[:0])
    return one_vs_rest(space, targets, cost, tolerance=TOLERANCE, passes=PASSES)


def _hardest(scores: NDArray[np.floating], candidates: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    hard = np.flatnonzero(candidates & (scores > -1))
    return hard[np.argsort(-scores[hard], kind="stable")][:most]
