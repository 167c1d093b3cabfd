"""EXEM: where the samples of a class lie is predicted from its description; a new one belongs to the nearest place.

Soravit Changpinyo, Wei-Lun Chao, Fei Sha, *Predicting Visual Exemplars of Unseen Classes for Zero-Shot Learning*, 2017,
https://arxiv.org/abs/1605.08151: section 3, regression with a Gaussian kernel from the description of a class to the
mean of its samples, then the nearest such exemplar on standardised features (EXEM (1NNs)).

*Differs from the paper:* kernel ridge regression of all features at once, not a support vector regression of each of
their principal components; descriptions are scaled to length 1 and lose their mean; the kernel's width, in units of the
mean squared distance of two descriptions, and the penalty are chosen on seen classes that are held out.
"""

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

from lessup.labels.descriptions import Descriptions, ZeroShotClassifier, class_folds, unit

WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Tried where none is given."""

PENALTIES = (0.01, 0.1, 1.0)
"""Tried where none is given."""


class EXEM(ZeroShotClassifier):
    """The nearest of the exemplars that are predicted from every class's description."""

    def __init__(
        self,
        descriptions: Descriptions | None = None,
        *,
        width: float | None = None,
        penalty: float | None = None,
        random_state: int = 0,
    ) -> None:
        """Keep the settings.

        Args:
            descriptions: of every class, such as the word vector of its name.
            width: of the kernel exp(-d^2 / (width m)), where m is the mean of d^2 over seen classes; ``None``: chosen.
            penalty: of the regression, as a multiple of the kernel's diagonal; ``None``: chosen.
            random_state: of the classes that are held out to choose on.
        """
        super().__init__(descriptions)
        self.width = width
        self.penalty = penalty
        self.random_state = random_state

    def _learn(self, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]) -> None:
        """Choose what is open, then regress the means of all seen classes."""
        lengthwise = unit(descriptions)
        self.centre_ = lengthwise.mean(0)
        self.seen_descriptions_ = lengthwise - self.centre_
        self.exemplars_ = class_means(x, code, len(descriptions))
        self.width_, self.penalty_ = self._chosen(x, code)
        own = predicted_exemplars(
            self.seen_descriptions_, self.exemplars_, self.seen_descriptions_, width=self.width_, penalty=self.penalty_
        )
        self.temperature_ = float(np.std(cdist(x, own, "sqeuclidean"))) or 1.0

    def _scores(self, x: NDArray[np.float64], descriptions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, K) squared distances below 0, in units of their spread over the training samples."""
        asked = unit(descriptions) - self.centre_
        place = predicted_exemplars(
            self.seen_descriptions_, self.exemplars_, asked, width=self.width_, penalty=self.penalty_
        )
        distance: NDArray[np.float64] = cdist(x, place, "sqeuclidean")
        return -distance / self.temperature_

    def _chosen(self, x: NDArray[np.float64], code: NDArray[np.int64]) -> tuple[float, float]:
        """Return width and penalty, those with the best accuracy among classes that were held out."""
        widths = WIDTHS if self.width is None else (self.width,)
        penalties = PENALTIES if self.penalty is None else (self.penalty,)
        choices = list(itertools.product(widths, penalties))
        right = np.zeros(len(choices))
        for held in class_folds(len(self.exemplars_), self.random_state) if len(choices) > 1 else []:
            kept = np.setdiff1d(np.arange(len(self.exemplars_)), held)
            own = np.isin(code, held)
            for number, (width, penalty) in enumerate(choices):
                place = predicted_exemplars(
                    self.seen_descriptions_[kept],
                    self.exemplars_[kept],
                    self.seen_descriptions_[held],
                    width=width,
                    penalty=penalty,
                )
                right[number] += (held[cdist(x[own], place, "sqeuclidean").argmin(1)] == code[own]).sum()
        return choices[int(right.argmax())] if right.any() else choices[len(choices) // 2]


def class_means(x: NDArray[np.float64], code: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    """Return (K, D) means of the samples of each class, of which every one has some."""
    belongs = (code == np.arange(num_classes)[:, None]).astype(np.float64)
    means: NDArray[np.float64] = belongs @ x / belongs.sum(1, keepdims=True)
    return means


def predicted_exemplars(
    descriptions: NDArray[np.float64],
    exemplars: NDArray[np.float64],
    asked: NDArray[np.float64],
    *,
    width: float,
    penalty: float,
) -> NDArray[np.float64]:
    """Predict where classes lie by kernel ridge regression on those that were seen.

    Args:
        descriptions: (K, A) of seen classes, two or more.
        exemplars: (K, D) where they lie.
        asked: (J, A) descriptions.
        width: see ``EXEM``.
        penalty: likewise.

    Returns:
        (J, D); far from all that was seen, the mean of the exemplars.
    """
    scale = width * (pdist(descriptions, "sqeuclidean").mean() or 1.0)
    kernel = np.exp(-cdist(descriptions, descriptions, "sqeuclidean") / scale)
    towards = np.exp(-cdist(asked, descriptions, "sqeuclidean") / scale)
    mean = exemplars.mean(0)
    weights = np.linalg.solve(kernel + penalty * np.eye(len(kernel)), exemplars - mean)
    return np.asarray(mean + towards @ weights)
