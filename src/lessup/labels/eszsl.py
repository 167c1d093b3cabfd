"""ESZSL: one bilinear map between features and attributes, in closed form.

Bernardino Romera-Paredes, Philip H. S. Torr, *An Embarrassingly Simple Approach to Zero-Shot Learning*, 2015,
http://proceedings.mlr.press/v37/romera-paredes15.html: equation 3, V = (X X' + gI)^-1 X Y S' (S S' + lI)^-1.

*Differs from the paper:* features are standardised, and both penalties grow with what they are added to, by its mean
diagonal, so that their meaning does not change with the number of samples and attributes; without a choice of the
user, penalties are chosen on seen classes that are held out, each fifth of them in turn and not one alone as in the
released code: thirty classes are few to choose on.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.labels.descriptions import Descriptions, ZeroShotClassifier, class_folds

PENALTIES = tuple(10.0**power for power in range(-3, 4))
"""What is tried for each of both, as in the released code."""


class ESZSL(ZeroShotClassifier):
    """x' V s for every class's description s."""

    def __init__(
        self,
        descriptions: Descriptions | None = None,
        *,
        feature_penalty: float | None = None,
        description_penalty: float | None = None,
        random_state: int = 0,
    ) -> None:
        """Keep the settings.

        Args:
            descriptions: of every class.
            feature_penalty: penalty on the side of features; ``None``: chosen.
            description_penalty: penalty on the side of descriptions; ``None``: chosen.
            random_state: of the classes that are held out to choose on.
        """
        super().__init__(descriptions)
        self.feature_penalty = feature_penalty
        self.description_penalty = description_penalty
        self.random_state = random_state

    def _learn(self, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]) -> None:
        """Choose the penalties that are open, then solve for all seen classes."""
        self.feature_penalty_, self.description_penalty_ = self._chosen(x, code, descriptions)
        self.map_ = Products.of(x, code, descriptions).solved(
            feature_penalty=self.feature_penalty_, description_penalty=self.description_penalty_
        )
        self.temperature_ = float(np.std(x @ self.map_ @ descriptions.T)) or 1.0

    def _scores(self, x: NDArray[np.float64], descriptions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, K) products, in units of their spread over the training samples."""
        product: NDArray[np.float64] = x @ self.map_ @ descriptions.T
        return product / self.temperature_

    def _chosen(
        self, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]
    ) -> tuple[float, float]:
        """Return both penalties, those with the best accuracy among classes that were held out."""
        of_features = PENALTIES if self.feature_penalty is None else (self.feature_penalty,)
        of_descriptions = PENALTIES if self.description_penalty is None else (self.description_penalty,)
        choices = list(itertools.product(of_features, of_descriptions))
        right = np.zeros(len(choices))
        for held in class_folds(len(descriptions), self.random_state) if len(choices) > 1 else []:
            kept = np.setdiff1d(np.arange(len(descriptions)), held)
            own, place = np.isin(code, held), np.zeros(len(descriptions), np.int64)
            place[kept] = np.arange(len(kept))
            products = Products.of(x[~own], place[code[~own]], descriptions[kept])
            for number, (left, side) in enumerate(choices):
                found = products.solved(feature_penalty=left, description_penalty=side)
                right[number] += (held[(x[own] @ found @ descriptions[held].T).argmax(1)] == code[own]).sum()
        return choices[int(right.argmax())] if right.any() else choices[len(choices) // 2]


@dataclass(frozen=True, eq=False)
class Products:
    """What equation 3 asks of the data, whatever the penalties.

    Attributes:
        features: (D, D) X X' over samples.
        targets: (D, A) X Y S', with targets of 1 for the right class and -1 for the others.
        descriptions: (A, A) S S' over classes.
    """

    features: NDArray[np.float64]
    targets: NDArray[np.float64]
    descriptions: NDArray[np.float64]

    @classmethod
    def of(cls, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]) -> "Products":
        """Multiply (N, D) features, the targets of their (N,) classes and (K, A) descriptions."""
        target = np.where(code[:, None] == np.arange(len(descriptions)), 1.0, -1.0)
        return cls(x.T @ x, x.T @ (target @ descriptions), descriptions.T @ descriptions)

    def solved(self, *, feature_penalty: float, description_penalty: float) -> NDArray[np.float64]:
        """Solve equation 3.

        Args:
            feature_penalty: penalty on the side of features, as a multiple of the mean diagonal of X X'.
            description_penalty: penalty on the side of descriptions, likewise.

        Returns:
            (D, A) V.
        """
        left, right = self.features.copy(), self.descriptions.copy()
        left[np.diag_indices_from(left)] += feature_penalty * (np.trace(left) / len(left) or 1.0)
        right[np.diag_indices_from(right)] += description_penalty * (np.trace(right) / len(right) or 1.0)
        solved = np.linalg.solve(left, self.targets)
        return np.asarray(np.linalg.solve(right, solved.T).T)
