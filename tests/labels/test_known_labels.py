"""Known and unknown labels are told apart, whatever they are made of."""

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.labels.known_labels import known_labels


@pytest.mark.parametrize(
    ("label", "classes", "code"),
    [
        ([3, -1, 5, 3], [3, 5], [0, -1, 1, 0]),
        (["b", "-1", "a"], ["a", "b"], [1, -1, 0]),
        (np.array(["b", -1, "a"], dtype=object), ["a", "b"], [1, -1, 0]),
    ],
)
def test_codes_are_places_among_the_classes_and_minus_one_where_nothing_is_known(label, classes, code):
    found = known_labels(label)
    assert found.classes.tolist() == classes
    assert found.code.tolist() == code
    assert found.known.tolist() == [place >= 0 for place in code]
    expected = [[float(place == number) for number in range(len(classes))] for place in code]
    assert found.one_hot().tolist() == expected
    assert found.counts.tolist() == [code.count(number) for number in range(len(classes))]


def test_labels_of_one_class_are_no_labels_to_learn_from():
    with pytest.raises(DataError, match="all 2 known labels are of class 4, of 3 samples"):
        known_labels([4, -1, 4])
