"""Nearest prototype: a class is the mean of its few examples, and a sample belongs to the nearest one.

Jake Snell, Kevin Swersky, Richard Zemel, *Prototypical Networks for Few-shot Learning*, 2017,
https://arxiv.org/abs/1703.05175: equations 1 and 2, on features that are given.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from lessup.errors import UsageError
from lessup.labels.classifier import FewLabelClassifier
from lessup.labels.known_labels import KnownLabels


class NearestPrototype(FewLabelClassifier):
    """A softmax over minus the squared distances to the means of the classes; samples without a label are left out.

    Attributes:
        classes_: (K,) labels.
        prototypes_: (K, D).
    """

    def __init__(
        self, *, metric: Literal["euclidean", "cosine"] = "euclidean", temperature: float | None = None
    ) -> None:
        """Keep the settings.

        Args:
            metric: ``cosine`` scales all features to length 1 first.
            temperature: what distances are divided by; ``None``: D times the variance that the features have about
                their prototypes, or about their mean with one example of each class. The paper's is 1.
        """
        self.metric = metric
        self.temperature = temperature

    def _fit(self, x: NDArray[np.floating], labels: KnownLabels) -> None:
        """Take the mean of the labelled samples of each class."""
        if self.metric not in ("euclidean", "cosine") or (self.temperature is not None and not self.temperature > 0):
            raise UsageError(
                f"metric {self.metric!r}, temperature {self.temperature}: wanted 'euclidean' or 'cosine', and None or "
                "a number above 0"
            )
        x, code = self._space(x[labels.known]), labels.code[labels.known]
        self.prototypes_ = np.stack([x[code == number].mean(0) for number in range(len(labels.classes))])
        within = np.square(x - self.prototypes_[code]).sum() / max(len(x) - len(self.classes_), 1)
        spread = within or np.square(x - x.mean(0)).sum() / len(x)
        self.scale_ = float(self.temperature or spread or 1.0)

    def _shares(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) shares of the classes."""
        placed = self._space(x)
        distance = np.stack([np.square(placed - prototype).sum(1) for prototype in self.prototypes_], 1)
        shares: NDArray[np.float64] = softmax(-distance / self.scale_, axis=1)
        return shares

    def _space(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the features as they are compared; one of zeros stays so."""
        values = np.asarray(x, np.float64)
        if self.metric == "cosine":
            length = np.linalg.norm(values, axis=1, keepdims=True)
            return np.asarray(values / np.where(length > 0, length, 1))
        return values
