"""Parting samples into training, validation and test, never through an object."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.samples import Samples

VALIDATION_SHARE = 0.05
"""Share of the training groups of every class that is held out for validation (at least one where a class has four)."""


@dataclass(frozen=True)
class Folds:
    """Which part of the data is the test part.

    Attributes:
        folds: number of folds by object; 1 keeps nothing back, so that everything is trained on.
        fold: number of the fold that is tested, 0 <= fold < folds.
        official: use the data's own train/test split where it has one, in place of folds.
    """

    folds: int = 4
    fold: int = 0
    official: bool = True


@dataclass(frozen=True)
class Split:
    """Three sets of samples with no group in common."""

    train: Samples
    validation: Samples
    test: Samples


def split(samples: Samples, folds: Folds) -> Split:
    """Part samples by family, class by class, in the same way for every method and seed.

    A family is an object with all its views, and every object with an equal view. The families of each class are
    shuffled once with a fixed seed and dealt round robin, so a fold holds its share of every class.
    ``VALIDATION_SHARE`` of what is left for training becomes the validation part.

    Args:
        samples: the whole data.
        folds: which part is tested.

    Raises:
        UsageError: the fold does not exist.
        DataError: a class has fewer groups than there are folds.
    """
    if not 0 <= folds.fold < folds.folds:
        raise UsageError(f"--fold {folds.fold} of --folds {folds.folds}: wanted 0 to {folds.folds - 1}")
    families = samples.families()
    labels = _label_of_family(samples.label, families)
    place = _place_in_class(families, labels)
    if folds.official and (samples.official == "test").any():
        is_test = samples.official == "test"
    elif folds.folds > 1:
        _check_folds(samples, families, labels, folds.folds)
        is_test = place % folds.folds == folds.fold
    else:
        is_test = np.zeros(len(samples), bool)
    is_validation = _first_places(place, labels, ~is_test)
    parts = (~is_test & ~is_validation, is_validation, is_test)
    return Split(*(samples.take(np.flatnonzero(part)) for part in parts))


def _label_of_family(label: NDArray[np.int64], families: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N,) the class under which a sample's family is dealt: that of the family's first sample."""
    first = np.unique(families, return_index=True)[1]
    return label[first][np.unique(families, return_inverse=True)[1]]


def _check_folds(samples: Samples, families: NDArray[np.int64], labels: NDArray[np.int64], folds: int) -> None:
    for label, name in [*enumerate(samples.classes), (-1, "unlabelled")]:
        count = len(np.unique(families[labels == label]))
        if 0 < count < folds:
            raise DataError(
                f"class {name!r} has {count} objects; {folds} folds need at least {folds}: "
                f"add objects or pass --folds {max(count, 1)}"
            )


def _place_in_class(families: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N,) the place of each sample's family in the shuffled list of its class's families."""
    place = np.empty(len(families), np.int64)
    for label in np.unique(labels):
        of_class = labels == label
        members, number = np.unique(families[of_class], return_inverse=True)
        place[of_class] = np.random.default_rng(0).permutation(len(members))[number]
    return place


def _first_places(place: NDArray[np.int64], labels: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark (N,) the samples of the first families of each class among those that are ``kept`` for training."""
    chosen = np.zeros(len(place), bool)
    for label in np.unique(labels):
        of_class = kept & (labels == label)
        places = np.unique(place[of_class])
        count = max(round(VALIDATION_SHARE * len(places)), int(len(places) >= 4))
        chosen |= of_class & np.isin(place, places[:count])
    return chosen
