"""Splits by object."""

import numpy as np
import pytest

from lessup.errors import DataError, UsageError
from lessup.samples.splits import Folds, split
from lessup.samples.voxels import Voxels


def toy(objects_per_class: tuple[int, ...], views: int = 3, official: str = "") -> Voxels:
    label = np.concatenate([np.full(count * views, k) for k, count in enumerate(objects_per_class)])
    group = np.repeat(np.arange(sum(objects_per_class)), views)
    n = len(label)
    return Voxels(
        bits=np.arange(n, dtype=np.uint64)[:, None].view(np.uint8),  # (N, 8), all different
        side=4,
        id=np.array([f"s{i}" for i in range(n)]),
        label=label.astype(np.int64),
        classes=tuple(f"c{k}" for k in range(len(objects_per_class))),
        group=group,
        view=np.tile(np.arange(views), sum(objects_per_class)),
        official=np.full(n, official, "<U5"),
        fingerprint="toy",
        row=np.arange(n),
    )


def test_no_object_stands_in_two_parts() -> None:
    parts = split(toy((8, 13)), Folds())
    groups = [set(part.group) for part in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, groups)) == 21 == len(set.union(*groups))


def test_every_object_is_tested_in_exactly_one_fold() -> None:
    tested = [set(split(toy((8, 13)), Folds(fold=fold)).test.group) for fold in range(4)]
    assert sorted(group for fold in tested for group in fold) == list(range(21))


def test_each_fold_holds_its_share_of_each_class() -> None:
    for fold in range(4):
        labels = split(toy((8, 12)), Folds(fold=fold)).test.label
        assert np.bincount(labels).tolist() == [2 * 3, 3 * 3]


def test_one_fold_keeps_nothing_back() -> None:
    parts = split(toy((8, 8)), Folds(folds=1))
    assert len(parts.test) == 0
    assert len(parts.train) + len(parts.validation) == 48


def test_own_split_of_the_data_is_used() -> None:
    samples = toy((6, 6), views=1)
    samples.official[:] = ["train", "test"] * 6
    assert set(split(samples, Folds()).test.official) == {"test"}


def test_class_with_too_few_objects_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"class 'c1' has 2 objects; 4 folds need at least 4.*--folds 2"):
        split(toy((8, 2)), Folds())


def test_fold_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="wanted 0 to 3"):
        split(toy((8, 8)), Folds(fold=4))


def test_split_does_not_depend_on_the_order_of_the_samples() -> None:
    samples = toy((8, 9))
    shuffled = samples.take(np.random.default_rng(1).permutation(len(samples)))
    assert set(split(samples, Folds()).test.id) == set(split(shuffled, Folds()).test.id)


def test_objects_with_an_equal_view_stay_together() -> None:
    samples = toy((40, 40))
    samples.bits[3 * 7] = samples.bits[3 * 60 + 1]  # object 7 of one class, object 60 of the other
    for fold in range(4):
        tested = set(split(samples, Folds(fold=fold)).test.group)
        assert (7 in tested) == (60 in tested)
    assert len(np.unique(samples.families())) == 79
