"""Which samples have a label, and which class it is: what every estimator of this room starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError

UNLABELLED = -1
"""Marks samples without a label, as in scikit-learn; among names it is written "-1"."""


@dataclass(frozen=True, eq=False)
class KnownLabels:
    """Labels of N samples, some of them not known.

    Attributes:
        classes: (K,) the labels that occur, sorted.
        code: (N,) int64 place of each label in ``classes``; -1 where it is not known.
    """

    classes: NDArray[Any]
    code: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N,) whether the label is known."""
        return self.code >= 0

    @property
    def counts(self) -> NDArray[np.int64]:
        """(K,) samples of each class whose label is known."""
        return np.bincount(self.code[self.known], minlength=len(self.classes))

    def one_hot(self) -> NDArray[np.float64]:
        """Return (N, K), 1 in the class of a sample, a row of zeros where it is not known."""
        return np.asarray(self.code[:, None] == np.arange(len(self.classes)), np.float64)


def known_labels(label: NDArray[Any] | Sequence[Any]) -> KnownLabels:
    """Part known from unknown labels.

    Args:
        label: (N,) numbers, -1 where not known; or names, "-1" (or -1 among objects) where not known.

    Returns:
        Classes and codes.

    Raises:
        DataError: no label is known, or all known ones are of one class, so that there is nothing to tell apart.

    >>> known_labels(["cat", -1, "dog", "cat"]).code.tolist()
    [0, -1, 1, 0]
    """
    values = names_or_numbers(label)
    known = values != (str(UNLABELLED) if values.dtype.kind in "US" else UNLABELLED)
    classes, code = np.unique(values[known], return_inverse=True)
    if len(classes) < 2:
        what = f"all {known.sum()} known labels are of class {classes[0]!s}" if len(classes) else "no label is known"
        raise DataError(f"{what}, of {len(values)} samples; wanted labels of two classes or more (-1: not known)")
    codes = np.full(len(values), UNLABELLED, np.int64)
    codes[known] = code
    return KnownLabels(classes, codes)


def names_or_numbers(label: NDArray[Any] | Sequence[Any]) -> NDArray[Any]:
    """Return labels as one kind of thing: where some are names, all are, so that -1 among them becomes "-1".

    >>> names_or_numbers(np.array(["cat", -1], dtype=object)).tolist()
    ['cat', '-1']
    """
    values = np.asarray(label)
    mixed = values.dtype.kind == "O" and any(isinstance(value, str) for value in values.ravel())
    return values.astype(str) if mixed else values
