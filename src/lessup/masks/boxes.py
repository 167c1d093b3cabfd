"""From the map of a class to boxes around what it lights up.

Sources: Zhou, Khosla, Lapedriza, Oliva, Torralba, *Learning Deep Features for Discriminative Localization*, 2016,
section 3.2, for the box around the largest part above 20 % of the maximum; the bounding box generator of the authors'
release, https://github.com/zhoubolei/CAM, for three levels at once.

Differs from the release: a box that is dropped no longer saves the next one from being compared, boxes may reach the
right and the bottom border, from which the release keeps 5 pixels, and the map is not first written as a JPEG.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lessup.masks.components import components
from lessup.metrics.detection import intersection

SHARE = 0.2
"""Of the maximum; what lies above it is the object (Zhou et al. 2016, section 3.2)."""

LEVELS = (20, 100, 110)
"""Of 0 to 255, on which the release draws its boxes."""

INTERIOR = 10
"""Of 0 to 255, what the distance to the background must pass within a part of the release, where 255 is the largest."""

Scale = Literal["maximum", "range"]
"""What 0 is: no evidence or evidence against the class (``maximum``), or the least value of the map (``range``)."""

Way = Literal["paper", "release"]
"""How boxes are drawn."""


def scaled(score_map: NDArray[np.floating], scale: Scale) -> NDArray[np.float32]:
    """Bring maps to [0, 1], each by itself, so that its maximum is 1.

    Args:
        score_map: (..., H, W), finite, of any sign.
        scale: ``maximum`` as in the paper of CAM, ``range`` as in Choe et al. 2020.

    Returns:
        (..., H, W); 0 everywhere where there is no evidence for the class, or where a map is flat.

    >>> scaled(np.array([[-1.0, 1.0, 3.0]]), "maximum").round(2)
    array([[0.  , 0.33, 1.  ]], dtype=float32)
    >>> scaled(np.array([[-1.0, 1.0, 3.0]]), "range")
    array([[0. , 0.5, 1. ]], dtype=float32)
    """
    low = np.zeros(()) if scale == "maximum" else score_map.min(axis=(-2, -1), keepdims=True)
    above = np.maximum(score_map - low, 0)
    largest = above.max(axis=(-2, -1), keepdims=True)
    return np.where(largest > 0, above / np.where(largest > 0, largest, 1), 0).astype(np.float32)


def component_boxes(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the boxes of the connected parts of a mask, that of the most pixels first.

    Args:
        mask: (H, W); pixels that share a corner are connected.

    Returns:
        (M, 4) left, top, right, bottom in whole pixels; right and bottom are outside.

    >>> component_boxes(np.array([[True, False, True], [False, False, True]]))
    array([[2., 0., 3., 2.],
           [0., 0., 1., 1.]])
    """
    number = components(mask)
    order = np.argsort(-np.bincount(number.reshape(-1), minlength=1)[1:], kind="stable")
    return _corners(ndimage.find_objects(number))[order]


def paper_boxes(score_map: NDArray[np.floating], share: float = SHARE) -> NDArray[np.float64]:
    """Return the boxes of all parts above a share of the maximum; the paper's box is the first.

    Args:
        score_map: (H, W).
        share: 0 to 1.

    Returns:
        (M, 4) left, top, right, bottom, the largest part first; none where nothing is above 0.

    >>> paper_boxes(np.array([[0.1, 0.3, 1.0, 0.0, 0.5]]))
    array([[1., 0., 3., 1.],
           [4., 0., 5., 1.]])
    """
    return component_boxes(score_map > share * max(float(score_map.max()), 0.0))


def boxes_over(score_map: NDArray[np.float32], shares: NDArray[np.floating]) -> Iterator[NDArray[np.float64]]:
    """Yield ``paper_boxes`` of a map at every one of S rising shares; parts that stay the same are found once.

    Args:
        score_map: (H, W) in [0, 1], as ``scaled`` gives it.
        shares: (S,) of the maximum.
    """
    values = np.sort(score_map, axis=None)
    at_most = np.searchsorted(values, shares.astype(np.float32), side="right")  # pixels that are not above
    boxes = np.zeros((0, 4))
    for place, share in enumerate(shares.tolist()):
        if place == 0 or at_most[place] != at_most[place - 1]:
            boxes = paper_boxes(score_map, share)
        yield boxes


def release_boxes(score_map: NDArray[np.floating], levels: Iterable[int] = LEVELS) -> NDArray[np.float64]:
    """Return the boxes of the release, the largest first; it measured its first and its second one apart.

    The map is brought to 0 to 255. What is above a level loses its rim and thin parts: each pixel's distance to the
    background, in 255ths of the largest distance, must pass ``INTERIOR``. Around every part that is left, and around
    every hole in one, lies a box. Of all levels' boxes together, those that overlap a larger one by more than half
    of its area are dropped.

    Args:
        score_map: (H, W), of any range; 255 is its maximum.
        levels: above which the parts lie.

    Returns:
        (M, 4) left, top, right, bottom.
    """
    grey = np.rint(255 * scaled(score_map, "maximum"))
    boxes = np.concatenate([contour_boxes(_interior(grey > level)) for level in levels])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    kept: list[int] = []
    for place in np.argsort(-area, kind="stable").tolist():
        if not (intersection(boxes[place][None], boxes[kept])[0] > area[kept] / 2).any():
            kept.append(place)
    return boxes[kept]


def contour_boxes(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the boxes of the outer and the inner contours of a mask.

    An inner contour runs on the pixels around a hole, so its box is a pixel larger than the hole on every side.

    Args:
        mask: (H, W).

    Returns:
        (M, 4) left, top, right, bottom.
    """
    outside_and_holes, _ = ndimage.label(np.pad(~mask, 1, constant_values=True))  # connected by their sides alone
    outside = outside_and_holes[0, 0]
    holes = _corners(ndimage.find_objects(np.where(outside_and_holes == outside, 0, outside_and_holes)))
    around = holes + np.array([-2, -2, 0, 0])  # the padding, and a pixel on every side
    return np.concatenate([component_boxes(mask), around])


def largest_box(score_map: NDArray[np.floating], way: Way = "paper", share: float = SHARE) -> NDArray[np.float64]:
    """Return the one box that stands for a map.

    Args:
        score_map: (H, W).
        way: how it is drawn.
        share: of the maximum, for the paper's way.

    Returns:
        (1, 4) left, top, right, bottom, or (0, 4) where nothing is above 0.
    """
    return (paper_boxes(score_map, share) if way == "paper" else release_boxes(score_map))[:1]


def central_box(extent: tuple[int, int], side: float) -> NDArray[np.float64]:
    """Return a box in the middle of an image, of a share of both of its sides, in whole pixels.

    Args:
        extent: height and width.
        side: share of each, above 0 to 1; at least a pixel is left.

    Returns:
        (1, 4) left, top, right, bottom.

    >>> central_box((64, 32), 0.75)
    array([[ 4.,  8., 28., 56.]])
    """
    height, width = (max(round(length * side), 1) for length in extent)
    top, left = (extent[0] - height) // 2, (extent[1] - width) // 2
    return np.array([[left, top, left + width, top + height]], np.float64)


def box_mask(box: NDArray[np.floating], extent: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (H, W), True within a box (4,) of whole pixels.

    >>> box_mask(np.array([1.0, 0, 3, 1]), (2, 4)).astype(int)
    array([[0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    left, top, right, bottom = box.astype(np.int64).tolist()
    inside = np.zeros(extent, bool)
    inside[top:bottom, left:right] = True
    return inside


def _interior(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the pixels that are far enough from the background; what lies beyond the image is none."""
    if mask.all() or not mask.any():
        return mask
    distance = ndimage.distance_transform_edt(mask)
    kept: NDArray[np.bool_] = np.floor(255 * distance / distance.max() + 0.5) > INTERIOR
    return kept


def _corners(places: list[tuple[slice, slice] | None]) -> NDArray[np.float64]:
    """Return (M, 4) corners of rows and columns; those of labels that do not occur are left out."""
    found = [(columns.start, rows.start, columns.stop, rows.stop) for rows, columns in filter(None, places)]
    return np.array(found, np.float64).reshape(-1, 4)
