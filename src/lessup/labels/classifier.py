"""What all estimators of this room share: samples with and without a label in, labels and shares of classes out."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from lessup.labels.known_labels import KnownLabels, known_labels, names_or_numbers

FLOATS = [np.float64, np.float32]


class FewLabelClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A classifier in scikit-learn's sense that is told with -1 which samples have no label.

    Attributes:
        classes_: (K,) labels.
    """

    least_samples = 1

    @abstractmethod
    def _fit(self, x: NDArray[np.floating], labels: KnownLabels) -> None:
        """Learn from (N, D) features and the labels of some."""

    @abstractmethod
    def _shares(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) shares of the classes of (M, D) features."""

    def fit(self, X: Any, y: Any) -> Self:
        """Learn.

        Args:
            X: (N, D) features.
            y: (N,) labels, -1 where not known; among names, "-1".

        Raises:
            DataError: there are not two classes with labels.
            UsageError: a setting is out of range.
        """
        y = y if y is None else names_or_numbers(y)
        X, y = validate_data(self, X, y, dtype=FLOATS, ensure_min_samples=self.least_samples)
        check_classification_targets(y)
        labels = known_labels(y)
        self.classes_ = labels.classes
        self._fit(X, labels)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (M, K) shares of the classes of (M, D) features."""
        check_is_fitted(self)
        return self._shares(validate_data(self, X, dtype=FLOATS, reset=False))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return (M,) the likeliest labels of (M, D) features."""
        shares = self.predict_proba(X)
        labels: NDArray[Any] = self.classes_[shares.argmax(1)]
        return labels
