"""Parting samples into training, validation and test, never through an object."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.samples import Samples

VALIDATION_SHARE = 0.05
"""Share of the training groups of every class that is held out for validation (at least one where a class has four)."""


_SMALL = -2
"""Stands for all classes with fewer families than folds, which are dealt as one."""


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
    """Three sets of samples with no group in common.

    Attributes:
        train: what is learnt from.
        validation: what is held out of that to choose on.
        test: what is measured on.
        note: a sentence on classes too small for the folds; empty where there are none.
    """

    train: Samples
    validation: Samples
    test: Samples
    note: str = field(default="", kw_only=True)


def split(samples: Samples, folds: Folds) -> Split:
    """Part samples by family, class by class, in the same way for every method and seed.

    A family is an object with all its views, and every object with an equal view. The families of each class are
    shuffled once with a fixed seed and dealt round robin, so a fold holds its share of every class. Classes with fewer
    families than folds are dealt one after the other as if they were one: each is tested in some folds alone.
    ``VALIDATION_SHARE`` of what is left for training becomes the validation part.

    Args:
        samples: the whole data.
        folds: which part is tested.

    Raises:
        UsageError: the fold does not exist.
        DataError: there are fewer families than folds, so that a fold would be empty.
    """
    if not 0 <= folds.fold < folds.folds:
        raise UsageError(f"--fold {folds.fold} of --folds {folds.folds}: wanted 0 to {folds.folds - 1}")
    families = samples.families()
    labels = _label_of_family(samples.label, families)
    place = _place_in_class(families, labels)
    note = ""
    if folds.official and (samples.official == "test").any():
        is_test = samples.official == "test"
    elif folds.folds > 1:
        note = _checked_folds(samples, families, labels, folds.folds)
        labels, place = _small_together(families, labels, place, folds.folds)
        is_test = place % folds.folds == folds.fold
    else:
        is_test = np.zeros(len(samples), bool)
    is_validation = _first_places(place, labels, ~is_test)
    parts = (~is_test & ~is_validation, is_validation, is_test)
    return Split(*(samples.take(np.flatnonzero(part)) for part in parts), note=note)


def _label_of_family(label: NDArray[np.int64], families: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N,) the class under which a sample's family is dealt: that of the family's first sample."""
    first = np.unique(families, return_index=True)[1]
    return label[first][np.unique(families, return_inverse=True)[1]]


def _families_of_classes(families: NDArray[np.int64], labels: NDArray[np.int64]) -> dict[int, int]:
    """Return the number of families of every class that has one."""
    first = np.unique(families, return_index=True)[1]
    present, counts = np.unique(labels[first], return_counts=True)
    return dict(zip(present.tolist(), counts.tolist(), strict=True))


def _checked_folds(samples: Samples, families: NDArray[np.int64], labels: NDArray[np.int64], folds: int) -> str:
    """Return a sentence on the classes with fewer families than folds, or raise where a fold would be empty."""
    counts = _families_of_classes(families, labels)
    total = sum(counts.values())
    if total < folds:
        raise DataError(
            f"{total} different {samples.noun}; {folds} folds need at least {folds}: add {samples.noun} or pass "
            f"--folds {max(total, 1)}"
        )
    counts.pop(-1, None)
    first = min(counts, key=lambda label: counts[label], default=-1)
    num_small = sum(count < folds for count in counts.values())
    if not num_small:
        return ""
    return (
        f"{num_small} of {len(counts)} classes have fewer {samples.noun} than the {folds} folds, such as "
        f"{samples.classes[first]!r} with {counts[first]}: some folds test none of them, and a class with 1 cannot be "
        "both learnt and tested"
    )


def _small_together(
    families: NDArray[np.int64], labels: NDArray[np.int64], place: NDArray[np.int64], folds: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return labels and places in which all classes with fewer families than folds are one class, ``_SMALL``."""
    labels, place, start = labels.copy(), place.copy(), 0
    for label, count in _families_of_classes(families, labels).items():
        if count < folds:
            of_class = labels == label
            place[of_class] += start
            labels[of_class] = _SMALL
            start += count
    return labels, place


def _place_in_class(families: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N,) the place of each sample's family in the shuffled list of its class's families."""
    place = np.empty(len(families), np.int64)
    for label in np.unique(labels):
        of_class = labels == label
        members, number = np.unique(families[of_class], return_inverse=True)
        place[of_class] = np.random.default_rng(0).permutation(len(members))[number]
    return place


def _first_places(place: NDArray[np.int64], labels: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark (N,) the samples of the first families of each class among those that are ``kept`` for training.

    Of small classes that were dealt together, families far from one another are taken: no class is emptied in a row.
    """
    chosen = np.zeros(len(place), bool)
    for label in np.unique(labels):
        of_class = kept & (labels == label)
        places = np.unique(place[of_class])
        count = max(round(VALIDATION_SHARE * len(places)), int(len(places) >= 4))
        step = len(places) // count if label == _SMALL and count else 1
        chosen |= of_class & np.isin(place, places[::step][:count])
    return chosen
