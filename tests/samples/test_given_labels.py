from dataclasses import replace

import numpy as np
import pytest

from lessup.errors import DataError, UsageError
from lessup.samples.given_labels import GivenLabels, hidden, with_classes, with_given
from lessup.samples.splits import Folds, split
from toy_digits import as_samples

LABEL = np.repeat([0, 1, 2], 20)


def parts(label=LABEL, **known):
    return split(as_samples(label, **known), Folds())


def table(tmp_path, lines):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["image,label", *lines]) + "\n")
    return GivenLabels(labels=str(path))


def test_as_many_of_each_class_are_known_as_asked_and_only_of_the_training_part():
    before = parts()
    after = with_given(before, GivenLabels(shots=3))
    assert np.bincount(after.train.label[after.known]).tolist() == [3, 3, 3]
    assert sorted(after.test.id) == sorted(before.test.id)
    assert len(after.validation) == 0
    assert sorted(after.train.id) == sorted([*before.train.id, *before.validation.id])
    assert after.train.label.tolist() == LABEL[np.array([int(name[:3]) for name in after.train.id])].tolist()


def test_draws_repeat_and_differ_and_small_ones_are_parts_of_large_ones():
    def known(**asked):
        found = with_given(parts(), GivenLabels(**asked))
        return set(found.train.id[found.known])

    assert known(shots=4, draw=1) == known(shots=4, draw=1)
    assert known(shots=4, draw=1) != known(shots=4, draw=2)
    assert known(shots=2, draw=1) < known(shots=4, draw=1)


def test_what_a_method_sees_has_no_other_label():
    told = with_given(parts(), GivenLabels(shots=2))
    seen = hidden(told)
    assert (seen.train.label[~told.known] == -1).all()
    assert seen.train.label[told.known].tolist() == told.train.label[told.known].tolist()
    assert seen.train.read(np.flatnonzero(~told.known)[:3])["label"].tolist() == [-1] * 3
    assert seen.test.label.tolist() == told.test.label.tolist()


def test_all_labels_are_given_where_none_are_asked_for():
    before = parts()
    assert with_given(before, GivenLabels()) is before
    assert hidden(before) is before


def test_an_image_that_a_table_names_is_learnt_from_wherever_it_lies(tmp_path):
    before = parts()
    ids = [before.test.id[before.test.label == number][0] for number in (0, 1, 2)]
    names = ["none", "one", "two"]
    given = table(tmp_path, [f"{id},{name}" for id, name in zip(ids, names, strict=True)])
    after = with_given(before, given)
    assert set(after.train.id[after.known]) == set(ids)
    assert not set(ids) & set(after.test.id)
    assert len(after.test) == len(before.test) - 3


def test_a_tables_label_stands_against_the_datas_own(tmp_path):
    given = table(tmp_path, ["000.png,two", "030.png,one", "059.png,none"])
    after = with_given(parts(), given)
    label = dict(zip(after.train.id[after.known].tolist(), after.train.label[after.known].tolist(), strict=True))
    assert label == {"000.png": 2, "030.png": 1, "059.png": 0}


def test_a_folder_without_classes_has_those_of_the_table(tmp_path):
    samples = as_samples(np.full(8, -1), classes=())
    found = with_classes(samples, table(tmp_path, ["003.png,wasp", "001.png,ant"]))
    assert found.classes == ("ant", "wasp")
    assert found.label.tolist() == [-1, 0, -1, 1, -1, -1, -1, -1]
    assert with_classes(samples, GivenLabels()) is samples


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "has 0 labels: wanted labels of two classes"),
        (["000.png,none", "001.png,none"], "has 2 labels, all of class 'none': wanted labels of two"),
        (["000.png,none", "020.png,one"], "no label of 1 of 3 classes: two"),
        (["000.png,none", "020.png,tow"], "'tow' is none of the 3 classes of the data: did you mean 'two'"),
        (["000.png,none", "000.png,one"], "lines 2 and 3 both name 000.png, once as none and once as one"),
    ],
)
def test_tables_that_cannot_be_learnt_from_are_refused(tmp_path, lines, told):
    with pytest.raises(DataError, match=told):
        with_given(parts(), table(tmp_path, lines))


def test_more_classes_than_images_are_refused_and_those_without_one_named():
    many = as_samples([0, 1], classes=[f"class {number}" for number in range(9)])
    with pytest.raises(
        DataError, match=r"no label of 7 of 9 classes: class 2, class 3, class 4, class 5, class 6 \.\.\."
    ):
        with_given(split(many, Folds(folds=1)), GivenLabels(shots=1))


def test_numbers_and_data_that_make_no_sense_are_refused():
    images = as_samples(LABEL)
    for given in (GivenLabels(shots=-1), GivenLabels(labels="labels.csv", shots=1), GivenLabels(shots=1, draw=-1)):
        with pytest.raises(UsageError, match="wanted a table, or a number"):
            with_classes(images, given)
    tagged = replace(images, tags=np.zeros((60, 3), np.int8))
    with pytest.raises(UsageError, match="one label each"):
        with_classes(tagged, GivenLabels(shots=1))
