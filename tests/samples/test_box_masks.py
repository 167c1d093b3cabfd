"""A box becomes the object in it; boxes that say too little become themselves."""

import numpy as np
import pytest

from lessup.errors import DataError, MissingExtraError, ShapeError, UsageError
from lessup.samples.box_masks import box_masks


@pytest.fixture(autouse=True)
def opencv():
    pytest.importorskip("cv2", reason="OpenCV is not installed")


def discs(size=(60, 90), centres=((30, 22), (28, 66)), radius=14):
    """Return an image of two noisy discs on a background of stripes, and where each is."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    inside = [(rows - y) ** 2 + (columns - x) ** 2 <= radius**2 for y, x in centres]
    pixels = np.where(columns[..., None] // 6 % 2, [90, 140, 90], [60, 110, 160])
    for one, colour in zip(inside, ([210, 60, 40], [230, 200, 60]), strict=True):
        pixels[one] = colour
    noise = np.random.default_rng(0).normal(0, 6, pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8), np.stack(inside)


BOXES = np.array([[5.0, 13.0, 40.0, 48.0], [49.0, 11.0, 84.0, 46.0]])


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_each_box_becomes_the_object_in_it():
    pixels, inside = discs()
    found = box_masks(pixels, BOXES)
    assert overlap(found[0], inside[0]) > 0.95
    assert overlap(found[1], inside[1]) > 0.95


def test_the_order_of_boxes_and_earlier_calls_do_not_matter():
    pixels, _ = discs()
    found = box_masks(pixels, BOXES)
    assert (box_masks(pixels, BOXES[::-1])[::-1] == found).all()
    assert (box_masks(pixels, BOXES) == found).all()


def test_an_object_of_the_colours_of_another_is_found_where_both_have_boxes():
    pixels, (_, disc) = discs()
    pixels[disc] = pixels[24, 22]  # now both discs look alike
    found = box_masks(pixels, BOXES)
    assert overlap(found[1], disc) > 0.95


def test_nothing_lies_outside_the_box():
    pixels, _ = discs()
    found = box_masks(pixels, np.array([[20.2, 10.0, 30.5, 25.0]]))
    assert not found[0, :, :20].any()
    assert not found[0, :, 31:].any()
    assert not found[0, 25:].any()


def test_grey_images_pass():
    grey = discs()[0][:, :, :1]
    assert (box_masks(grey, BOXES) == box_masks(np.repeat(grey, 3, axis=2), BOXES)).all()


@pytest.mark.parametrize("box", [[0, 0, 90, 60], [-5, -9, 200, 100], [10, 10, 11, 11], [10, 10, 12, 12]])
def test_boxes_of_the_whole_image_or_of_a_pixel_or_four_stay_as_they_are(box):
    found = box_masks(discs()[0], np.array([box], float))[0]
    left, top, right, bottom = np.clip(box, 0, [90, 60, 90, 60])
    assert found.sum() == (right - left) * (bottom - top)
    assert found[top:bottom, left:right].all()


def test_a_box_where_no_object_is_found_stays_as_it_is():
    found = box_masks(np.full((30, 30, 3), 80, np.uint8), np.array([[5.0, 5.0, 20.0, 20.0]]))
    assert found[0, 5:20, 5:20].all()
    assert found.sum() == 15 * 15


def test_an_object_of_one_pixel_or_of_less_than_a_fifth_of_its_box_is_not_believed():
    pixels = np.full((30, 30, 3), 80, np.uint8)
    pixels[12, 12] = 250
    found = box_masks(pixels, np.array([[5.0, 5.0, 20.0, 20.0], [11.0, 11.0, 14.0, 14.0]]))
    assert found.sum(axis=(1, 2)).tolist() == [15 * 15, 9]


@pytest.mark.parametrize("box", [[100, 10, 120, 20], [10, 10, 10, 20], [30, 30, 20, 20], [-9, -9, -1, -1]])
def test_boxes_without_a_pixel_in_the_image_are_empty(box):
    assert not box_masks(discs()[0], np.array([box], float)).any()


def test_no_boxes_give_no_masks():
    assert box_masks(discs()[0], np.zeros((0, 4))).shape == (0, 60, 90)


def test_other_arguments_are_refused():
    with pytest.raises(DataError, match="5 channels came"):
        box_masks(np.zeros((9, 9, 5), np.uint8), BOXES)
    with pytest.raises(ShapeError, match="wanted uint8"):
        box_masks(np.zeros((9, 9, 3)), BOXES)
    with pytest.raises(ShapeError, match=r"\(M, 4\)"):
        box_masks(discs()[0], BOXES[0])
    with pytest.raises(UsageError, match="at least 1"):
        box_masks(discs()[0], BOXES, num_iterations=0)


def test_missing_opencv_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"lessup\[vision\]"):
        box_masks(discs()[0], BOXES)
