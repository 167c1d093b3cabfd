from dataclasses import replace

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.samples.class_numbers import numbered_as
from lessup.samples.images import Boxes, Images, Ragged

MASK = np.array([[[0], [1], [2]], [[3], [255], [1]]], np.uint8)


@pytest.fixture
def images() -> Images:
    boxes = Boxes(np.arange(12, dtype=np.float32).reshape(3, 4), np.array([0, 1, 2]), np.array([False, True, False]))
    return Images(
        pixels=Ragged.of([np.zeros((2, 3, 3), np.uint8)] * 4),
        id=np.array(list("abcd")),
        label=np.array([0, 1, 2, -1]),
        classes=("cat", "cow", "dog"),
        group=np.arange(4),
        official=np.full(4, ""),
        fingerprint="animals",
        tags=np.array([[1, 0, -1], [0, 1, 1], [0, 0, 0], [1, 1, 1]], np.int8),
        boxes=(boxes,) * 4,
        masks=Ragged.of([MASK] * 4),
    )


def test_labels_tags_boxes_and_masks_take_the_other_numbers_and_unknown_classes_are_forgotten(images):
    found = numbered_as(images, ("bird", "dog", "cat"))
    assert found.classes == ("bird", "dog", "cat")
    assert found.label.tolist() == [2, -1, 1, -1]
    assert found.tags.tolist() == [[-1, -1, 1], [-1, 1, 0], [-1, 0, 0], [-1, 1, 1]]
    assert found.boxes[0].label.tolist() == [2, 1]
    assert found.boxes[0].corners[1].tolist() == [8, 9, 10, 11]
    assert found.boxes[0].difficult.tolist() == [False, False]
    assert found.masks[3][..., 0].tolist() == [[0, 3, 255], [2, 255, 3]]
    assert images.label.tolist() == [0, 1, 2, -1], "the images themselves stay as they are"


def test_same_names_leave_everything_as_it_is(images):
    assert numbered_as(images, ("cat", "cow", "dog")) is images


def test_images_without_classes_stay_without_labels(images):
    bare = replace(images, classes=(), label=np.full(4, -1), tags=None, boxes=None, masks=None)
    assert numbered_as(bare, ("cat", "dog")).label.tolist() == [-1] * 4


def test_no_name_in_common_is_refused_with_both_lists(images):
    with pytest.raises(DataError, match=r"cat, cow, dog is among those that the network knows, car, bus"):
        numbered_as(images, ("car", "bus"))
