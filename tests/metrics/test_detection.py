"""Average precision of detections against cases worked by hand, torchvision's overlaps and COCO's own tool."""

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchvision.ops import box_iou

from lessup.metrics.detection import Detections, Objects, coco_matches, detection_precisions, overlap, voc_matches


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
    right, ignored = voc_matches(found([0, 0, 1], [BOX, [0, 0, 10, 9], BOX], [0.5, 0.9, 0.8]), objects([0], [BOX]), 0.5)
    assert right.tolist() == [False, True, False], "the higher score takes the object"
    assert not ignored.any()


def test_box_on_a_difficult_object_is_neither_right_nor_wrong():
    right, ignored = voc_matches(found([0, 0], [BOX, FAR], [0.9, 0.8]), objects([0, 0], [BOX, FAR], [True, False]), 0.5)
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


def by_cocos_tool(boxes: Detections, things: Objects, num_images: int) -> float:
    """The first number that COCO's tool prints, for one class."""

    def line(number, image, corners):
        left, top, right, bottom = corners.tolist()
        width, height = right - left, bottom - top
        where = {"bbox": [left, top, width, height], "area": width * height}
        return {"id": number + 1, "image_id": int(image), "category_id": 1, **where}

    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": number, "width": 99, "height": 99} for number in range(num_images)],
        "categories": [{"id": 1, "name": "thing"}],
        "annotations": [
            {**line(*each), "iscrowd": int(crowd)}
            for *each, crowd in zip(range(99999), things.image, things.corners, things.difficult, strict=False)
        ],
    }
    truth.createIndex()
    lines = [
        {**line(*each), "score": float(score)}
        for *each, score in zip(range(99999), boxes.image, boxes.corners, boxes.score, strict=False)
    ]
    tool = COCOeval(truth, truth.loadRes(lines), "bbox")
    tool.evaluate()
    tool.accumulate()
    tool.summarize()
    return float(tool.stats[0])


@pytest.mark.parametrize(("seed", "share_of_crowds"), [(0, 0.0), (1, 0.3), (2, 0.3), (3, 0.6)])
def test_coco_precision_is_that_of_cocos_tool(seed, share_of_crowds):
    """Crowded images: boxes near objects, often several on one or between two, a crowd over some; one image bare."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 6, 37)
    low = rng.uniform(0, 30, (37, 2))
    things = objects(
        image, np.concatenate([low, low + rng.uniform(8, 25, (37, 2))], 1), rng.random(37) < share_of_crowds
    )
    near = rng.integers(0, 37, 150)
    corners = things.corners[near] + rng.normal(0, 1.5, (150, 4))
    boxes = found(np.where(rng.random(150) < 0.9, image[near], 6), corners, rng.permutation(150) / 150)
    wanted = by_cocos_tool(boxes, things, num_images=7)
    assert 0.1 < wanted < 0.9
    assert detection_precisions(boxes, things)["coco"] == pytest.approx(wanted, abs=1e-9)


def test_only_a_hundred_boxes_of_an_image_count_for_coco():
    boxes = found([0] * 101, [FAR] * 100 + [BOX], np.linspace(1, 0, 101))
    assert detection_precisions(boxes, objects([0], [BOX]))["coco"] == by_cocos_tool(boxes, objects([0], [BOX]), 1) == 0
    assert detection_precisions(boxes, objects([0], [BOX]))["all_point"] > 0


def test_a_box_between_two_objects_takes_the_free_one_under_coco_alone():
    """Both boxes overlap the first object most; the second box overlaps the other by half as well."""
    pair = objects([0, 0], [[0, 0, 10, 10], [4, 0, 14, 10]])
    boxes = found([0, 0], [[0, 0, 10, 10], [1.9, 0, 11.9, 10]], [0.9, 0.8])
    assert voc_matches(boxes, pair, 0.5)[0].tolist() == [True, False]
    assert coco_matches(boxes, pair)[0][0].tolist() == [True, True]


def test_any_number_of_boxes_in_a_crowd_are_not_counted_under_coco():
    crowd = objects([0, 0], [[0, 0, 50, 50], [60, 60, 70, 70]], [True, False])
    right, ignored = coco_matches(found([0, 0, 0], [BOX, BOX, FAR], [0.9, 0.8, 0.7]), crowd)
    assert ignored[0].tolist() == [True, True, False]
    assert not right.any()


def test_class_without_a_required_object_has_no_precision():
    assert np.isnan(detection_precisions(found([0], [BOX], [1]), objects([0], [BOX], [True]))["coco"])


def test_nothing_found_is_nought():
    assert detection_precisions(found([], [], []), objects([0], [BOX]))["eleven_point"] == 0
