"""Classes known by a description alone: what the estimators of zero-shot learning share.

A description is a vector a class: attributes, or the word vector of its name.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted, validate_data

from lessup.errors import DataError, UsageError
from lessup.labels.classifier import FLOATS, FewLabelClassifier
from lessup.labels.known_labels import KnownLabels

CLASS_FOLDS = 5
"""Parts of the seen classes that are held out in turn where a setting is chosen."""

Descriptions = Mapping[Any, NDArray[np.floating] | Sequence[float]]


class ZeroShotClassifier(FewLabelClassifier):
    """Learns on classes that were seen how features go with descriptions, and tells classes apart by descriptions.

    Attributes:
        classes_: (K,) the classes seen in training, sorted, then the others that have a description.
        seen_: (K,) bool.
        descriptions_: (K, A) float64.
    """

    def __init__(self, descriptions: Descriptions | None = None) -> None:
        """Keep the settings.

        Args:
            descriptions: a vector of A numbers for every class; ``None``: one attribute a class, so that only classes
                that are seen can be told.
        """
        self.descriptions = descriptions

    @abstractmethod
    def _learn(self, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]) -> None:
        """Learn from (N, D) standardised features, (N,) seen classes and their (K', A) descriptions."""

    @abstractmethod
    def _scores(self, x: NDArray[np.float64], descriptions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, K'') scores, the larger the likelier, whose softmax are shares."""

    def _fit(self, x: NDArray[np.floating], labels: KnownLabels) -> None:
        """Learn from samples of the seen classes, each of which must have a description."""
        self.classes_, self.descriptions_ = _described(labels.classes, self.descriptions)
        self.seen_ = np.arange(len(self.classes_)) < len(labels.classes)
        x = x[labels.known].astype(np.float64)
        self.mean_, spread = x.mean(0), x.std(0)
        self.scale_ = np.where(spread > 0, spread, 1)
        self._learn((x - self.mean_) / self.scale_, labels.code[labels.known], self.descriptions_[self.seen_])

    def _shares(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) shares of all classes."""
        return self._among(x, np.ones(len(self.classes_), bool))

    def _among(self, x: NDArray[np.floating], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return (M, K) shares of the (K,) chosen classes, 0 of the others."""
        shares = np.zeros((len(x), len(self.classes_)))
        standard = (x.astype(np.float64) - self.mean_) / self.scale_
        shares[:, chosen] = softmax(self._scores(standard, self.descriptions_[chosen]), axis=1)
        return shares

    def shares_among(self, X: Any, classes: Sequence[Any]) -> NDArray[np.float64]:
        """Return (M, J) shares of J classes that stand to choose, such as those that were never seen, in their order.

        Raises:
            UsageError: one of ``classes`` has no description.
        """
        check_is_fitted(self)
        places = {name: place for place, name in enumerate(self.classes_.tolist())}
        if missing := sorted(set(classes) - places.keys()):
            raise UsageError(f"no description of {missing}; wanted some of {self.classes_.tolist()}")
        chosen = np.isin(self.classes_, np.asarray(classes))
        shares = self._among(validate_data(self, X, dtype=FLOATS, reset=False), chosen)
        return shares[:, [places[name] for name in classes]]

    def predict_among(self, X: Any, classes: Sequence[Any]) -> NDArray[Any]:
        """Return (M,) the likeliest of some classes, such as those that were never seen.

        ``predict`` chooses among all that have a description: generalised zero-shot learning.

        Raises:
            UsageError: one of ``classes`` has no description.
        """
        best = self.shares_among(X, classes).argmax(1)
        labels: NDArray[Any] = np.asarray(classes, self.classes_.dtype)[best]
        return labels


def _described(seen: NDArray[Any], descriptions: Descriptions | None) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return (K,) classes, the seen ones first, and their (K, A) descriptions."""
    if descriptions is None:
        return seen, np.eye(len(seen))
    missing = [name for name in seen.tolist() if name not in descriptions]
    if missing:
        raise DataError(f"{len(missing)} classes have samples but no description, such as {missing[0]!r}")
    others = sorted(name for name in descriptions if name not in set(seen.tolist()))
    rows = [np.asarray(descriptions[name], np.float64).ravel() for name in [*seen.tolist(), *others]]
    if len({len(row) for row in rows}) != 1 or not all(np.isfinite(row).all() for row in rows):
        raise DataError("descriptions differ in length or are not finite: wanted the same numbers for every class")
    return np.array([*seen.tolist(), *others], dtype=seen.dtype if not others else None), np.stack(rows)


def class_folds(num_classes: int, seed: int) -> list[NDArray[np.int64]]:
    """Part the seen classes into fifths, each of which is held out in turn to choose settings on.

    Fewer than ten classes are parted by twos, which leaves two or more of each kind; fewer than four are not parted.

    Returns:
        Numbers of classes, two or more in each.
    """
    folds = min(CLASS_FOLDS, num_classes // 2)
    order = np.random.default_rng(seed).permutation(num_classes)
    return [order[number::folds] for number in range(folds)] if folds > 1 else []


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale (N, A) vectors to length 1; one of zeros stays so."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)
