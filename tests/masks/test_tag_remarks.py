"""What is said of tags before anything is learnt from them."""

import numpy as np
import pytest

from lessup.masks.tag_remarks import tag_remarks


def table(*images, classes):
    return np.array([[int(name in image.split()) for name in classes] for image in images], np.int8)


def remarks(*images, classes):
    return tag_remarks(classes, table(*images, classes=classes))


def test_classes_that_all_or_none_have_teach_nothing():
    assert remarks("red", "red", classes=("red", "blue")) == [
        "no image has blue: nothing can be learnt of it",
        "every image has red: nothing can be learnt of it",
    ]


def test_a_class_that_is_never_without_another_is_named_with_the_commonest():
    images = ("rail train", "rail train sky", "train", "train sky", "bus", "bus sky")
    assert remarks(*images, classes=("bus", "rail", "sky", "train")) == [
        "every image with rail has train too: tags do not tell them apart"
    ]


def test_two_classes_that_are_always_together_are_both_named():
    assert remarks("a b", "a b", "c", classes=("a", "b", "c")) == [
        "every image with a has b too: tags do not tell them apart",
        "every image with b has a too: tags do not tell them apart",
    ]


def test_a_class_that_is_once_alone_and_one_of_a_single_image_are_not_named():
    assert remarks("a b", "a b", "a", "c b", "c", "b", classes=("a", "b", "c")) == []
    assert remarks("a b", "b", "c", "c", classes=("a", "b", "c")) == []


@pytest.mark.parametrize(("rare", "common"), [("hanbag", "handbag"), ("Bag", "bag"), ("sunglases", "sunglasses")])
def test_a_rare_name_close_to_a_common_one_may_be_misspelt(rare, common):
    images = [rare, *[common] * 5, "hat", "hat"]
    assert remarks(*images, classes=(rare, common, "hat")) == [
        f"one image with {rare!r}: is {common!r} meant, as in 5 others?"
    ]
    assert remarks(*images[:-3], "hat", "hat", classes=(rare, common, "hat")) == [], "4 others are too few"


def test_names_that_are_merely_alike_or_as_common_are_left_alone():
    assert remarks("shirt", *["skirt"] * 9, classes=("shirt", "skirt")) == []
    assert remarks(*["handbag", "handbags"] * 4, classes=("handbag", "handbags")) == []


def test_what_is_not_known_is_no_tag():
    assert tag_remarks(("a",), np.array([[-1], [1]])) == []
