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


WHOLE = Folds(folds=7, whole_classes=True)


def test_whole_classes_are_never_parted_and_each_is_tested_in_exactly_one_fold() -> None:
    samples = toy((3,) * 35, views=1)
    tested: list[int] = []
    for fold in range(7):
        parts = split(samples, Folds(folds=7, fold=fold, whole_classes=True))
        classes = [set(part.label.tolist()) for part in (parts.train, parts.validation, parts.test)]
        assert [len(each) for each in classes] == [28, 2, 5]
        assert len(set.union(*classes)) == 35
        assert len(parts.train) + len(parts.validation) + len(parts.test) == 105
        tested += classes[2]
    assert sorted(tested) == list(range(35))


def test_classes_that_hold_an_equal_object_are_dealt_as_one() -> None:
    samples = toy((2,) * 12)
    samples.bits[0] = samples.bits[-1]  # in the first class and in the last
    for fold in range(4):
        tested = set(split(samples, Folds(folds=4, fold=fold, whole_classes=True)).test.label.tolist())
        assert (0 in tested) == (11 in tested)


def test_without_whole_classes_all_is_dealt_as_before() -> None:
    samples = toy((8, 9))
    assert split(samples, Folds(whole_classes=False)).test.id.tolist() == split(samples, Folds()).test.id.tolist()


def test_samples_without_a_label_are_trained_on_where_whole_classes_are_dealt() -> None:
    samples = toy((2,) * 10)
    samples.label[samples.label == 3] = -1
    tested = [split(samples, Folds(folds=3, fold=fold, whole_classes=True)) for fold in range(3)]
    for parts in tested:
        assert (parts.train.label == -1).sum() == 6
        assert (parts.test.label >= 0).all()
        assert (parts.validation.label >= 0).all()
    assert sorted({label for parts in tested for label in parts.test.label.tolist()}) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_fewer_classes_than_folds_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError, match=r"^3 classes that share no objects; 7 folds .* pass --folds 3$"):
        split(toy((5, 5, 5)), WHOLE)


def test_one_fold_of_whole_classes_keeps_nothing_back_and_data_without_labels_is_all_trained_on() -> None:
    parts = split(toy((2,) * 10), Folds(folds=1, whole_classes=True))
    assert (len(parts.test), len(parts.train) + len(parts.validation)) == (0, 60)
    loose = toy((2, 2))
    loose.label[:] = -1
    assert len(split(loose, Folds(folds=1, whole_classes=True)).train) == 12


def test_own_split_of_the_data_goes_before_whole_classes() -> None:
    samples = toy((6, 6), views=1)
    samples.official[:] = ["train", "test"] * 6
    assert split(samples, WHOLE).test.id.tolist() == split(samples, Folds()).test.id.tolist()
