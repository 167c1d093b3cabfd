"""Boxes around maps against loops, OpenCV and cases worked by hand."""

import numpy as np
import pytest

from lessup.masks.boxes import (
    LEVELS,
    boxes_over,
    component_boxes,
    contour_boxes,
    largest_box,
    paper_boxes,
    release_boxes,
    scaled,
)


def flooded(mask: np.ndarray) -> list[tuple[int, list[float]]]:
    """Number of pixels and box of every part, found by walking over neighbours."""
    left, parts = {tuple(place) for place in np.argwhere(mask)}, []
    while left:
        front, part = [left.pop()], []
        while front:
            row, column = front.pop()
            part.append((row, column))
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            front += near
        rows, columns = zip(*part, strict=True)
        parts.append((len(part), [min(columns), min(rows), max(columns) + 1, max(rows) + 1]))
    return parts


def blurred(seed: int, shape: tuple[int, int] = (40, 56)) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(np.random.default_rng(seed).normal(size=shape), 3)


def rows(boxes) -> list[tuple[float, ...]]:
    return sorted(tuple(float(value) for value in box) for box in boxes)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.6, 0.9])
def test_parts_are_those_of_a_flood_and_the_largest_comes_first(share):
    mask = np.random.default_rng(0).random((30, 41)) < share
    parts, found = flooded(mask), component_boxes(mask)
    assert rows(found) == rows([box for _, box in parts])
    size = {tuple(box): number for number, box in parts}
    assert size[tuple(found[0])] == max(number for number, _ in parts)


def test_paper_threshold_is_a_share_of_the_maximum_and_right_and_bottom_are_outside():
    score_map = np.array([[0, 0, 0, 0, 0], [0, 5, 9, 0, 2.1], [0, 1.9, 10, 0, 0]])
    assert paper_boxes(score_map).tolist() == [[1, 1, 3, 3], [4, 1, 5, 2]]
    assert paper_boxes(score_map, 0.21).tolist() == [[1, 1, 3, 3]], "a pixel at the threshold is not above it"
    assert paper_boxes(score_map, 0.95).tolist() == [[2, 2, 3, 3]]


def test_largest_part_has_the_most_pixels_not_the_largest_box():
    diagonal = np.eye(6, 12, dtype=bool)
    diagonal[0:3, 8:12] = True
    assert component_boxes(diagonal).tolist() == [[8, 0, 12, 3], [0, 0, 6, 6]]


@pytest.mark.parametrize("coarse", [False, True])
def test_boxes_over_thresholds_are_those_of_each_threshold(coarse):
    score_map = scaled(blurred(0), "maximum")
    if coarse:
        score_map = (score_map * 5).round() / np.float32(5)  # values that lie on thresholds
    shares = np.arange(100) / 100
    for share, boxes in zip(shares.tolist(), boxes_over(score_map, shares), strict=True):
        assert boxes.tolist() == paper_boxes(score_map, share).tolist(), share
    assert all(len(boxes) == 0 for boxes in boxes_over(np.zeros((3, 4), np.float32), shares))


def test_without_evidence_there_is_no_box():
    for way in ("paper", "release"):
        assert largest_box(np.full((4, 5), -1.0), way).shape == (0, 4)
        assert largest_box(np.zeros((4, 5)), way).shape == (0, 4)
        assert largest_box(np.ones((4, 5)), way).tolist() == [[0, 0, 5, 4]]


@pytest.mark.parametrize("scale", ["maximum", "range"])
def test_each_map_is_scaled_by_itself(scale):
    maps = np.random.default_rng(0).normal(size=(3, 4, 5)) * np.array([1, 10, 0.1])[:, None, None]
    for own, found in zip(maps, scaled(maps, scale), strict=True):
        low = 0.0 if scale == "maximum" else own.min()
        wanted = [[max(value - low, 0) / (own.max() - low) for value in row] for row in own]
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
        assert found.max() == 1


def test_flat_map_or_one_without_evidence_is_nought():
    assert not scaled(np.full((2, 2), -3.0), "maximum").any()
    assert not scaled(np.full((2, 2), 3.0), "range").any()


@pytest.mark.parametrize("seed", range(6))
def test_contours_are_opencvs(seed):
    cv2 = pytest.importorskip("cv2", reason="OpenCV comes with the extra vision")
    mask = np.random.default_rng(seed).random((25, 33)) < 0.35 + 0.1 * seed
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [(x, y, x + width, y + height) for x, y, width, height in map(cv2.boundingRect, contours)]
    assert rows(contour_boxes(mask)) == rows(boxes)


def released(grey: np.ndarray) -> list[tuple[int, ...]]:
    """The steps of the release's generator with OpenCV's functions and loops in whole numbers."""
    import cv2

    boxes = []
    for level in LEVELS:
        binary = cv2.threshold(grey, level, 255, cv2.THRESH_BINARY)[1]
        if binary.min() < binary.max():
            distance = cv2.distanceTransform(binary, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).astype(float)
            binary = np.floor(distance * 255 / distance.max() + 0.5).astype(np.uint8)
            binary = cv2.threshold(binary, 10, 255, cv2.THRESH_BINARY)[1]
        contours = cv2.findContours(binary, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[0]
        boxes += [cv2.boundingRect(contour) for contour in contours]
    kept: list[tuple[int, ...]] = []
    for x, y, width, height in sorted(boxes, key=lambda box: -box[2] * box[3]):
        for left, top, wide, high in kept:
            across = max(0, min(left + wide, x + width) - max(left, x))
            down = max(0, min(top + high, y + height) - max(top, y))
            if across * down > int(wide * high * 0.5):
                break
        else:
            kept.append((x, y, width, height))
    return [(x, y, x + width, y + height) for x, y, width, height in kept]


@pytest.mark.parametrize("seed", range(8))
def test_release_boxes_are_those_of_its_steps_with_opencv(seed):
    pytest.importorskip("cv2", reason="OpenCV comes with the extra vision")
    score_map = blurred(seed)
    found = release_boxes(score_map)
    grey = np.rint(255 * np.maximum(score_map, 0) / score_map.max()).astype(np.uint8)
    assert rows(found) == rows(released(grey))
    assert len(found) > 1
    assert (np.diff((found[:, 2:] - found[:, :2]).prod(1)) <= 0).all()


def with_a_tail(side: int) -> np.ndarray:
    """A square in the middle of nothing, with a tail of one pixel's width, and a faint part above it."""
    score_map = np.zeros((90, 110))
    score_map[20 : 20 + side, 10 : 10 + side] = 1.0
    score_map[40, 10 + side : 100] = 1.0
    score_map[5:10, 80:90] = 0.2
    return score_map


def test_release_cuts_rims_and_tails_that_are_thin_beside_the_thickest_part():
    # The middle of 41 pixels is 21 from the ground, so a rim pixel has 255 / 21 = 12; that of 61 is 31, and it has 8.
    assert release_boxes(with_a_tail(41)).tolist() == [[10, 20, 100, 61], [80, 5, 90, 10]]
    # Where the tail began, the ground is the root of 2 away: 12.
    assert release_boxes(with_a_tail(61)).tolist() == [[11, 21, 71, 80], [81, 6, 89, 9]]


def test_box_that_half_covers_a_larger_one_is_dropped_and_a_smaller_one_stays():
    nested = np.zeros((60, 60))
    nested[10:50, 10:50] = 0.2
    nested[10:50, 10:40] = 1.0  # three quarters of the larger box
    assert release_boxes(nested).tolist() == [[10, 10, 50, 50]]
    nested[10:50, 25:50] = 0.2  # now three eighths
    assert release_boxes(nested).tolist() == [[10, 10, 50, 50], [10, 10, 25, 50]]
