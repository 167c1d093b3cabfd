"""From scored boxes and annotated ones to average precision.

Source: Everingham, Van Gool, Williams, Winn, Zisserman, *The PASCAL Visual Object Classes (VOC) Challenge*, 2010,
section 4.4; Lin et al., *Microsoft COCO: Common Objects in Context*, 2014, for the mean over ten overlaps.

Differs from COCO's own tool: boxes are matched as in PASCAL VOC, each to the object that it overlaps most.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.metrics.average_precision import all_point, eleven_point, precision_recall

OVERLAPS = tuple(np.arange(0.5, 0.96, 0.05).round(2).tolist())
"""Those over which COCO takes the mean."""


@dataclass(frozen=True, eq=False)
class Detections:
    """Boxes of one class over all images.

    Attributes:
        image: (M,) int64 number of the image.
        corners: (M, 4) left, top, right, bottom; right and bottom are outside.
        score: (M,) finite.
    """

    image: NDArray[np.int64]
    corners: NDArray[np.floating]
    score: NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Objects:
    """Annotated objects of one class over all images.

    Attributes:
        image: (T,) int64 number of the image.
        corners: (T, 4).
        difficult: (T,) bool, neither required nor wrong.
    """

    image: NDArray[np.int64]
    corners: NDArray[np.floating]
    difficult: NDArray[np.bool_]


def intersection(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (M, T) area that boxes (M, 4) and (T, 4) share.

    >>> intersection(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [2, 0, 3, 2]]))
    array([[2, 0]])
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared: NDArray[np.float64] = (high - low).clip(min=0).prod(axis=2)
    return shared


def overlap(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (M, T) intersection over union of boxes (M, 4) and (T, 4).

    >>> overlap(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])).round(3)
    array([[0.333]])
    """
    both = intersection(first, second)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - both
    return np.where(union > 0, both / np.where(union > 0, union, 1), 0.0)


def matches(found: Detections, objects: Objects, least: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which boxes find an object; the highest score takes it, and a second box on it is wrong.

    Args:
        found: M boxes.
        objects: T objects.
        least: overlap from which a box finds an object.

    Returns:
        (M,) right, and (M,) not to be counted, because the object is difficult.
    """
    right, ignored = np.zeros(len(found.score), bool), np.zeros(len(found.score), bool)
    taken = np.zeros(len(objects.image), bool)
    places = {int(image): np.flatnonzero(objects.image == image) for image in np.unique(objects.image)}
    for number in np.argsort(-found.score, kind="stable"):
        here = places.get(int(found.image[number]))
        if here is None:
            continue
        overlaps = overlap(found.corners[number : number + 1], objects.corners[here])[0]
        best = here[overlaps.argmax()]
        if overlaps.max() < least:
            continue
        if objects.difficult[best]:
            ignored[number] = True
        elif not taken[best]:
            taken[best] = right[number] = True
    return right, ignored


def detection_precisions(found: Detections, objects: Objects) -> dict[str, float]:
    """Return the average precision of one class under its three names.

    Returns:
        ``eleven_point`` and ``all_point`` at an overlap of 0.5, and ``coco``, the mean over ten overlaps with 101
        points; NaN where nothing is to be found.
    """
    required = int((~objects.difficult).sum())
    values = {}
    curves = []
    for least in OVERLAPS:
        right, ignored = matches(found, objects, least)
        curves.append(precision_recall(found.score[~ignored], right[~ignored], num_positive=required))
    values["eleven_point"] = eleven_point(*curves[0]) if required else float("nan")
    values["all_point"] = all_point(*curves[0]) if required else float("nan")
    points = [eleven_point(*curve, num_points=101) for curve in curves]
    values["coco"] = float(np.mean(points)) if required else float("nan")
    return values
