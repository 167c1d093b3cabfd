"""Calibrated stacking: among all classes, those that were seen lose a constant before the likeliest one is taken.

Wei-Lun Chao, Soravit Changpinyo, Boqing Gong, Fei Sha, *An Empirical Study and Analysis of Generalized Zero-Shot
Learning for Object Recognition in the Wild*, 2016, https://arxiv.org/abs/1605.04253: section 3.2, the constant, and
section 3.3, the area under the curve of unseen by seen accuracy that it moves along.

*Differs from the paper:* scores are the logarithms of shares; accuracies are means over classes; the constant is that
with the largest harmonic mean where each fifth of the seen classes plays the unseen ones in turn.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import clone

from lessup.labels.classifier import FewLabelClassifier
from lessup.labels.descriptions import CLASS_FOLDS, ZeroShotClassifier, class_folds
from lessup.labels.eszsl import ESZSL
from lessup.labels.known_labels import KnownLabels


class CalibratedStacking(FewLabelClassifier):
    """Wraps an estimator of zero-shot learning; only what it says among seen and unseen classes together changes.

    Attributes:
        classes_: (K,) those of the estimator.
        estimator_: the estimator, fitted.
        seen_penalty_: what seen classes lose.
    """

    def __init__(
        self, estimator: ZeroShotClassifier | None = None, *, seen_penalty: float | None = None, random_state: int = 0
    ) -> None:
        """Keep the settings.

        Args:
            estimator: with descriptions of all classes; ``None``: ESZSL without any.
            seen_penalty: what the logarithms of the shares of seen classes lose; ``None``: chosen.
            random_state: of the classes and samples that are held out to choose on.
        """
        self.estimator = estimator
        self.seen_penalty = seen_penalty
        self.random_state = random_state

    def _fit(self, x: NDArray[np.floating], labels: KnownLabels) -> None:
        """Fit the estimator, and choose what is open."""
        x, y = x[labels.known], labels.classes[labels.code[labels.known]]
        self.estimator_ = clone(self.estimator or ESZSL()).fit(x, y)
        self.classes_ = self.estimator_.classes_
        given = self.seen_penalty
        self.seen_penalty_ = chosen_penalty(self.estimator_, x, y, self.random_state) if given is None else given

    def _shares(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) shares of all classes."""
        return penalised(self.estimator_.predict_proba(x), self.estimator_.seen_, self.seen_penalty_)


@dataclass(frozen=True, eq=False)
class SeenUnseenCurve:
    """Accuracies in the generalised setting by what seen classes lose, from nothing told as unseen to everything.

    Attributes:
        penalty: (P,) rising.
        seen: (P,) accuracy on samples of seen classes, the mean over these, 0 to 1.
        unseen: (P,) on the others.
    """

    penalty: NDArray[np.float64]
    seen: NDArray[np.float64]
    unseen: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Under unseen by seen accuracy, 0 to 1."""
        return float(-np.trapezoid(self.unseen, self.seen))

    def at(self, penalty: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (2, Q) both accuracies at other penalties."""
        place = np.searchsorted(self.penalty, penalty, side="right") - 1
        return np.stack([self.seen, self.unseen])[:, np.maximum(place, 0)]


def seen_unseen_curve(shares: NDArray[np.float64], code: NDArray[np.int64], seen: NDArray[np.bool_]) -> SeenUnseenCurve:
    """Follow both accuracies while seen classes lose more and more.

    Args:
        shares: (M, K) of all classes.
        code: (M,) which class each sample is of.
        seen: (K,) of which some are True and some are not.

    >>> shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.1, 0.4]])
    >>> curve = seen_unseen_curve(shares, np.array([0, 1, 2]), np.array([True, True, False]))
    >>> curve.seen.tolist(), curve.unseen.tolist(), round(curve.area, 3)
    ([1.0, 1.0, 0.5, 0.0], [0.0, 1.0, 1.0, 1.0], 1.0)
    """
    score = _logarithm(shares)
    margin = score[:, seen].max(1) - score[:, ~seen].max(1)
    told = np.where(seen[code], score[:, seen].argmax(1), score[:, ~seen].argmax(1))
    place = np.where(seen, np.cumsum(seen), np.cumsum(~seen)) - 1
    weight = (told == place[code]) / np.bincount(code, minlength=len(seen))[code]
    steps, number = np.unique(margin, return_inverse=True)
    lost, won = (
        np.bincount(number[own], weight[own] / len(np.unique(code[own])), len(steps)).cumsum()
        for own in (seen[code], ~seen[code])
    )
    penalty = np.concatenate([[steps[0] - 1], (steps[1:] + steps[:-1]) / 2, [steps[-1] + 1]])
    return SeenUnseenCurve(penalty, lost[-1] - np.append(0, lost), np.append(0, won))


def penalised(shares: NDArray[np.float64], seen: NDArray[np.bool_], seen_penalty: float) -> NDArray[np.float64]:
    """Return (M, K) shares after the logarithms of those of (K,) seen classes lost a constant."""
    lower: NDArray[np.float64] = softmax(_logarithm(shares) - seen_penalty * seen, axis=1)
    return lower


def chosen_penalty(estimator: ZeroShotClassifier, x: NDArray[np.floating], y: NDArray[Any], seed: int) -> float:
    """Choose what seen classes lose, on samples of seen classes alone.

    Each fifth of the classes plays the unseen ones in turn, and a fifth of the samples of the others is told beside
    theirs; what is best is so for the means over the turns.

    Args:
        estimator: whose copies learn from the rest.
        x: (N, D) features.
        y: (N,) seen classes.
        seed: of what is held out.

    Returns:
        0 where classes have no descriptions, or are too few to hold some out.
    """
    classes, code = np.unique(y, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(y))
    order = order[np.argsort(code[order], kind="stable")]
    rank = np.arange(len(order)) - np.searchsorted(code[order], code[order])
    held = np.zeros(len(y), bool)
    held[order] = rank % CLASS_FOLDS == CLASS_FOLDS - 1  # so that a class of one sample is learnt from
    curves = []
    for unseen in class_folds(len(classes), seed) if estimator.descriptions is not None else []:
        seen = ~np.isin(np.arange(len(classes)), unseen)
        learnt, asked = seen[code] & ~held, held | ~seen[code]
        if (asked & seen[code]).any():
            trial = clone(estimator).fit(x[learnt], y[learnt])
            shares = trial.shares_among(x[asked], classes.tolist())
            curves.append(seen_unseen_curve(shares, code[asked], seen))
    if not curves:
        return 0.0
    penalty = np.unique(np.concatenate([curve.penalty for curve in curves]))
    known, new = np.mean([curve.at(penalty) for curve in curves], axis=0)
    best = known * new / np.where(known + new > 0, known + new, 1)
    return float(np.median(penalty[best == best.max()]))


def _logarithm(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(shares, np.finfo(np.float64).tiny))
