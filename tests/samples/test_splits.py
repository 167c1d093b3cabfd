"""Splits by object."""

import numpy as np
import pytest

from lessup.errors import DataError, UsageError
from lessup.samples.images import Images, Ragged
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


def test_classes_smaller_than_the_folds_are_tested_once_each_in_different_folds() -> None:
    samples = toy((9, 1, 1, 3, 1, 2), views=2)
    tested = [split(samples, Folds(fold=fold)).test for fold in range(4)]
    assert sorted(group for part in tested for group in set(part.group)) == list(range(17))
    small = [len({int(g) for g in part.group if g >= 9}) for part in tested]
    assert small == [2, 2, 2, 2]
    for label, count in ((3, 3), (5, 2)):  # no fold tests two objects of one small class
        assert [len(set(part.group[part.label == label])) for part in tested].count(1) == count


def test_small_classes_leave_the_folds_of_the_others_as_they_are() -> None:
    for fold in range(4):
        alone, beside = (split(toy(counts), Folds(fold=fold)).test for counts in ((9, 8), (9, 8, 2, 1)))
        assert alone.id.tolist() == [name for name, label in zip(beside.id, beside.label, strict=True) if label < 2]


def test_validation_takes_from_small_classes_without_emptying_any_of_them() -> None:
    parts = split(toy((3,) * 40, views=1), Folds())
    assert len(parts.validation) == round(0.05 * 90)
    assert set(parts.validation.label) <= set(parts.train.label)
    assert max(np.bincount(parts.validation.label)) == 1


def test_small_classes_are_counted_and_the_smallest_named() -> None:
    note = split(toy((8, 2, 1)), Folds()).note
    assert note.startswith("2 of 3 classes have fewer objects than the 4 folds, such as 'c2' with 1: ")
    assert split(toy((8, 4)), Folds()).note == ""
    loose = toy((8, 1))
    loose.label[loose.label == 1] = -1  # beside the classes, and of none
    assert split(loose, Folds()).note == ""


def test_fewer_objects_than_folds_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError, match=r"^3 different objects; 4 folds need .* add objects or pass --folds 3$"):
        split(toy((1, 2)), Folds())


def test_images_are_called_images() -> None:
    images = Images(
        pixels=Ragged.of([np.full((1, 1, 1), value, np.uint8) for value in (1, 2, 2)]),
        id=np.array(["a", "b", "c"]),
        label=np.array([0, 0, 0]),
        classes=("cat",),
        group=np.arange(3),
        official=np.array(["", "", ""]),
        fingerprint="",
    )
    with pytest.raises(DataError, match=r"^2 different images; .* add images or pass --folds 2$"):
        split(images, Folds())


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
