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
        whole_classes: deal whole classes, such as people, so that those of the test part are never seen in training.
    """

    folds: int = 4
    fold: int = 0
    official: bool = True
    whole_classes: bool = False


@dataclass(frozen=True)
class Split:
    """Three sets of samples with no group in common; nor a class, where whole classes were dealt.

    Attributes:
        train: what is learnt from.
        validation: what is held out of that to choose on.
        test: what is measured on.
        note: a sentence on classes too small for the folds; empty where there are none.
        known: (N,) bool, which samples of the training part a run was told the label of; None where all.
    """

    train: Samples
    validation: Samples
    test: Samples
    note: str = field(default="", kw_only=True)
    known: NDArray[np.bool_] | None = field(default=None, kw_only=True)


def split(samples: Samples, folds: Folds) -> Split:
    """Part samples by family, class by class, in the same way for every method and seed.

    A family is an object with all its views, and every object with an equal view. The families of each class are
    shuffled once with a fixed seed and dealt round robin, so a fold holds its share of every class. Classes with fewer
    families than folds are dealt one after the other as if they were one: each is tested in some folds alone.
    ``VALIDATION_SHARE`` of what is left for training becomes the validation part.

    Whole classes are dealt in the same way, each with all that it holds; classes that share a family or a super-class,
    such as the characters of an alphabet, are dealt as one.
    A sample without a label is trained on, unless it equals one with a label.

    Args:
        samples: the whole data.
        folds: which part is tested.

    Raises:
        UsageError: the fold does not exist.
        DataError: there are fewer families than folds, or fewer classes where these are dealt, so that a fold would be
            empty.
    """
    if not 0 <= folds.fold < folds.folds:
        raise UsageError(f"--fold {folds.fold} of --folds {folds.folds}: wanted 0 to {folds.folds - 1}")
    families = samples.families()
    if folds.whole_classes and not (folds.official and (samples.official == "test").any()):
        return _by_classes(samples, samples.kin(), folds)
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


def _by_classes(samples: Samples, kin: NDArray[np.int64], folds: Folds) -> Split:
    """Deal whole classes; of those left for training, two or more are held out for validation where there are eight."""
    unit = _joined_classes(samples.label, kin)
    labelled = np.isin(unit, unit[samples.label >= 0])
    place = np.full(len(samples), -1)
    place[labelled] = _place_in_class(unit[labelled], np.zeros(labelled.sum(), np.int64))
    count = int(place.max(initial=-1)) + 1
    if folds.folds > 1 and count < folds.folds:
        raise DataError(
            f"{count} classes that share no {samples.noun}; {folds.folds} folds of whole classes need at least "
            f"{folds.folds}: add classes or pass --folds {max(count, 1)}"
        )
    is_test = labelled & (place % folds.folds == folds.fold) & (folds.folds > 1)
    left = np.unique(place[labelled & ~is_test])
    held = left[: max(round(VALIDATION_SHARE * len(left)), 2 * (len(left) >= 8))]
    is_validation = np.isin(place, held) & ~is_test & labelled
    parts = (~is_test & ~is_validation, is_validation, is_test)
    return Split(*(samples.take(np.flatnonzero(part)) for part in parts))


def _joined_classes(label: NDArray[np.int64], families: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N,) numbers that classes share if they hold a family in common; a family without a label is its own."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    family = np.unique(families, return_inverse=True)[1]
    known = label >= 0
    num_families, num_classes = int(family.max(initial=-1)) + 1, int(label.max(initial=-1)) + 1
    size = num_families + num_classes  # classes and families are nodes; a labelled sample links one of each
    links = coo_array((np.ones(known.sum(), bool), (family[known], num_families + label[known])), shape=(size, size))
    number: NDArray[np.int64] = connected_components(links, directed=False)[1].astype(np.int64)
    return number[family]


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
