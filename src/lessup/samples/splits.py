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
    """Part samples by group, class by class, in the same way for every method and seed.

    The groups of each class are shuffled once with a fixed seed and dealt round robin, so a fold holds its share of
    every class. ``VALIDATION_SHARE`` of what is left for training becomes the validation part.

    Args:
        samples: the whole data.
        folds: which part is tested.

    Raises:
        UsageError: the fold does not exist.
        DataError: a class has fewer groups than there are folds.
    """
    if not 0 <= folds.fold < folds.folds:
        raise UsageError(f"--fold {folds.fold} of --folds {folds.folds}: wanted 0 to {folds.folds - 1}")
    if folds.official and (samples.official == "test").any():
        is_test = samples.official == "test"
    elif folds.folds > 1:
        is_test = _fold_of(samples, folds.folds) == folds.fold
    else:
        is_test = np.zeros(len(samples), bool)
    train_order = _place_in_class(samples)
    is_validation = np.zeros(len(samples), bool)
    for label in np.unique(samples.label):
        kept = ~is_test & (samples.label == label)
        places = np.unique(train_order[kept])
        count = max(round(VALIDATION_SHARE * len(places)), int(len(places) >= 4))
        is_validation |= kept & np.isin(train_order, places[:count])
    parts = (~is_test & ~is_validation, is_validation, is_test)
    return Split(*(samples.take(np.flatnonzero(part)) for part in parts))


def _fold_of(samples: Samples, folds: int) -> NDArray[np.int64]:
    for label, name in [*enumerate(samples.classes), (-1, "unlabelled")]:
        count = len(np.unique(samples.group[samples.label == label]))
        if 0 < count < folds:
            raise DataError(
                f"class {name!r} has {count} objects; {folds} folds need at least {folds}: "
                f"add objects or pass --folds {max(count, 1)}"
            )
    return _place_in_class(samples) % folds


def _place_in_class(samples: Samples) -> NDArray[np.int64]:
    """Return (N,) the place of each sample's group in the shuffled list of its class's groups."""
    place = np.empty(len(samples), np.int64)
    for label in np.unique(samples.label):
        of_class = samples.label == label
        groups = np.unique(samples.group[of_class])
        shuffled = np.random.default_rng(0).permutation(len(groups))
        place[of_class] = shuffled[np.searchsorted(groups, samples.group[of_class])]
    return place
