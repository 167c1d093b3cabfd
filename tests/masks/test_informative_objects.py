"""Objects under maps, on pictures of a few cells drawn by hand and counted with plain loops."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lessup.errors import DataError
from lessup.masks.informative_objects import CELLS, informative_objects, looked_at, objects_of
from lessup.methods.cam import CAM, CAMConfig
from lessup.samples.images import Boxes, Images, Ragged

SINK, WALL, FLOOR = 0, 1, 4


def images(height: int = 32, width: int = 48) -> Images:
    """Return two images without annotations."""
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 255, (height, width, 3)).astype(np.uint8) for _ in range(2)]
    return Images(
        pixels=Ragged.of(pixels),
        id=np.array(["a", "b"]),
        label=np.array([-1, -1]),
        classes=("sink", "wall", "x", "y", "floor"),
        group=np.arange(2),
        official=np.array(["", ""]),
        fingerprint="",
    )


def test_counts_are_those_of_plain_loops() -> None:
    rng = np.random.default_rng(0)
    high = rng.random((9, 6, 6)) < 0.5
    objects = []
    for _ in range(9):
        labels = np.flatnonzero(rng.random(5) < 0.6)
        objects.append((labels, rng.random((len(labels), 6, 6)) < 0.1 + 0.2 * rng.random((len(labels), 1, 1))))
    objects = [(labels[cells.any((1, 2))], cells[cells.any((1, 2))]) for labels, cells in objects]
    for found in informative_objects(high, objects):
        own, others, has = 0.0, 0.0, 0
        for index, (labels, cells) in enumerate(objects):
            for label, cell in zip(labels, cells, strict=True):
                if label == found.label:
                    lies = [(cell & look).sum() / cell.sum() >= 0.5 for look in high]
                    has, own = has + 1, own + lies[index]
                    others += np.mean([one for place, one in enumerate(lies) if place != index])
        assert found.images == has
        np.testing.assert_allclose(
            (found.appears, found.under, found.by_chance), (has / 9, own / 9, others / 9), atol=1e-9
        )


def test_what_is_looked_at_wherever_it_lies_comes_before_what_is_everywhere() -> None:
    high = np.zeros((4, 4, 4), bool)
    objects = []
    for index in range(4):
        high[index, index, :2] = True
        sink, wall, floor = np.zeros((3, 4, 4), bool)
        sink[index, :2], wall[:], floor[:, 3] = True, True, True
        objects.append((np.array([SINK, WALL, FLOOR]), np.stack([sink, wall, floor])))
    first, *others = informative_objects(high, objects)
    assert (first.label, first.under, first.by_chance) == (SINK, 1.0, 0.0)
    assert all(one.appears == 1 and one.gain == 0 for one in others)


def test_boxes_touch_their_cells_and_those_of_one_class_are_one_object() -> None:
    corners = np.array([[0, 0, 24, 16], [24, 16, 48, 32], [47.9, 0, 48, 0.1]], np.float32)
    boxes = Boxes(corners, np.array([WALL, WALL, SINK]), np.zeros(3, bool))
    labels, cells = objects_of(replace(images(), boxes=(boxes, boxes)), 0)
    half = CELLS // 2
    expected = np.zeros((2, CELLS, CELLS), bool)
    expected[0, 0, -1] = True
    expected[1, :half, :half] = expected[1, half:, half:] = True
    assert labels.tolist() == [SINK, WALL]
    np.testing.assert_array_equal(cells, expected)


def test_boxes_stand_in_for_a_mask_on_which_nothing_is_drawn() -> None:
    boxes = Boxes(np.array([[0, 0, 48, 32]], np.float32), np.array([FLOOR]), np.zeros(1, bool))
    empty = Ragged.of([np.zeros((32, 48, 1), np.uint8)] * 2)
    labels, cells = objects_of(replace(images(), masks=empty, boxes=(boxes, boxes)), 0)
    assert labels.tolist() == [FLOOR]
    assert cells.all()


def test_image_without_objects_counts_among_all() -> None:
    high = np.ones((2, CELLS, CELLS), bool)
    none = objects_of(replace(images(), masks=Ragged.of([np.zeros((32, 48, 1), np.uint8)] * 2)), 0)
    (found,) = informative_objects(high, [none, (np.array([SINK]), high[:1])])
    assert (found.appears, found.under, found.by_chance) == (0.5, 0.5, 0.5)


def test_masks_come_before_boxes_and_what_is_not_counted_is_no_object() -> None:
    mask = np.zeros((128, 128, 1), np.uint8)
    mask[:64, :64], mask[100, 101], mask[127] = WALL + 1, SINK + 1, 255
    pair = replace(images(128, 128), masks=Ragged.of([mask, mask]), boxes=())
    labels, cells = objects_of(pair, 1)
    assert labels.tolist() == [SINK, WALL]
    assert np.argwhere(cells[0]).tolist() == [[50, 50]], "an object of one pixel touches a cell"
    assert cells[1].sum() == (CELLS // 2) ** 2 == cells[1, : CELLS // 2, : CELLS // 2].sum()


def test_detector_of_a_channel_looks_where_the_channel_is_high() -> None:
    network = CAM(CAMConfig(backbone="alexnet-small", num_classes=2)).eval()
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.weight[1, 7] = 1
        batch = images().expand(images().read([0, 1]))
        layer = network.ending.layer
        channel = network.backbone.features(network.prepared(batch), (layer,))[layer][:, 7]
    found = looked_at(network, images(), 1)
    assert channel.max() > 0
    for place in range(2):
        row, column = np.unravel_index(int(channel[place].argmax()), channel[place].shape)
        step = CELLS // channel.shape[1]
        assert found[place, step * row + step // 2, step * column + step // 2]
    assert 0 < found.mean() < 1


def test_nothing_to_compare_with_is_refused() -> None:
    with pytest.raises(DataError, match="1 images are recognised"):
        informative_objects(np.ones((1, 2, 2), bool), [(np.array([0]), np.ones((1, 2, 2), bool))])
    with pytest.raises(DataError, match="neither boxes nor masks"):
        objects_of(images(), 0)
