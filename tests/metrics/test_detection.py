"""Average precision of detections against cases worked by hand and torchvision's overlaps."""

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from lessup.metrics.detection import Detections, Objects, detection_precisions, matches, overlap


def objects(image, corners, difficult=None) -> Objects:
    difficult = [False] * len(image) if difficult is None else difficult
    return Objects(np.array(image), np.array(corners, float).reshape(-1, 4), np.array(difficult, bool))


def found(image, corners, score) -> Detections:
    return Detections(np.array(image), np.array(corners, float).reshape(-1, 4), np.array(score, float))


BOX, FAR = [0, 0, 10, 10], [50, 50, 60, 60]


def test_overlap_is_torchvisions():
    rng = np.random.default_rng(0)
    boxes = [
        np.concatenate([low, low + rng.random((n, 2)) * 9 + 0.1], 1) for n in (7, 5) for low in [rng.random((n, 2)) * 9]
    ]
    expected = box_iou(*(torch.from_numpy(each) for each in boxes)).numpy()
    np.testing.assert_allclose(overlap(*boxes), expected, atol=1e-6)


def test_second_box_on_an_object_and_box_on_another_image_are_wrong():
    right, ignored = matches(found([0, 0, 1], [BOX, [0, 0, 10, 9], BOX], [0.5, 0.9, 0.8]), objects([0], [BOX]), 0.5)
    assert right.tolist() == [False, True, False], "the higher score takes the object"
    assert not ignored.any()


def test_box_on_a_difficult_object_is_neither_right_nor_wrong():
    right, ignored = matches(found([0, 0], [BOX, FAR], [0.9, 0.8]), objects([0, 0], [BOX, FAR], [True, False]), 0.5)
    assert ignored.tolist() == [True, False]
    assert right.tolist() == [False, True]


def test_precisions_are_those_worked_by_hand():
    # Two objects; boxes by score: right, wrong, right: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1.
    values = detection_precisions(found([0, 0, 1], [BOX, FAR, BOX], [0.9, 0.8, 0.7]), objects([0, 1], [BOX, BOX]))
    assert values["all_point"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert values["eleven_point"] == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)
    assert values["coco"] == pytest.approx((51 * 1 + 50 * 2 / 3) / 101), "these boxes are exact at every overlap"


def test_loose_box_counts_at_half_an_overlap_and_not_at_more():
    values = detection_precisions(found([0], [[0, 0, 10, 6]], [1]), objects([0], [BOX]))
    assert values["all_point"] == 1
    assert values["coco"] == pytest.approx(3 / 10), "0.5, 0.55 and 0.6"


def test_class_without_a_required_object_has_no_precision():
    assert np.isnan(detection_precisions(found([0], [BOX], [1]), objects([0], [BOX], [True]))["coco"])


def test_nothing_found_is_nought():
    assert detection_precisions(found([], [], []), objects([0], [BOX]))["eleven_point"] == 0
