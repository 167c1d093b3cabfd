"""Regions equal a flood fill in plain loops, and keep their order and size."""

import numpy as np
import pytest

from lessup.masks.components import bounding_box, components, largest_component


def flooded(mask, min_area):
    """Number regions by a flood fill over all eight neighbours."""
    number, found = np.zeros(mask.shape, int), 0
    done = set()
    for start in np.argwhere(mask):
        if tuple(start) in done:
            continue
        region, open_ends = set(), [tuple(start)]
        while open_ends:
            y, x = open_ends.pop()
            if (y, x) in region or not (0 <= y < mask.shape[0] and 0 <= x < mask.shape[1]) or not mask[y, x]:
                continue
            region.add((y, x))
            open_ends += [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        done |= region
        if len(region) >= min_area:
            found += 1
            for y, x in region:
                number[y, x] = found
    return number


@pytest.mark.parametrize("min_area", [0, 1, 2, 5, 1000])
@pytest.mark.parametrize("share", [0.2, 0.4, 0.7])
def test_regions_equal_a_flood_fill(min_area, share):
    mask = np.random.default_rng(0).random((14, 17)) < share
    assert (components(mask, min_area=min_area) == flooded(mask, min_area)).all()


def test_pixels_that_touch_by_a_corner_are_one_region():
    assert components(np.eye(4, dtype=bool)).max() == 1


def test_a_region_of_just_the_least_area_stays():
    mask = np.array([[True, True, False, True]])
    assert components(mask, min_area=2).tolist() == [[1, 1, 0, 0]]
    assert not components(mask, min_area=2.01).any()


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (0, 5)])
def test_an_empty_mask_has_no_region_and_no_box(shape):
    mask = np.zeros(shape, bool)
    assert components(mask).tolist() == np.zeros(shape, int).tolist()
    assert largest_component(mask).tolist() == mask.tolist()
    assert bounding_box(mask) is None


def test_of_two_largest_regions_the_upper_one_is_taken():
    mask = np.array([[0, 0, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]], bool)
    assert np.argwhere(largest_component(mask)).tolist() == [[1, 0], [1, 1]]


def test_a_box_holds_its_pixels_and_no_empty_row_or_column():
    mask = np.zeros((6, 9), bool)
    mask[2, 3] = mask[4, 7] = True
    left, top, right, bottom = bounding_box(mask).astype(int)
    assert (left, top, right, bottom) == (3, 2, 8, 5)
    assert mask[top:bottom, left:right].sum() == mask.sum()
