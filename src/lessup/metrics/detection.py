"""From scored boxes and annotated ones to average precision.

Source: Everingham, Van Gool, Williams, Winn, Zisserman, *The PASCAL Visual Object Classes (VOC) Challenge*, 2010,
section 4.4; Lin et al., *Microsoft COCO: Common Objects in Context*, 2014, and its authors' tool for the mean over ten
overlaps.

Differs from both tools: equal scores are one place of the list, so that no result hangs on the order of the boxes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.metrics.average_precision import Floats, all_point, eleven_point, precision_recall

OVERLAPS = tuple(np.arange(0.5, 0.96, 0.05).round(2).tolist())
"""Those over which COCO takes the mean."""

MOST_FOUND = 100
"""Boxes of a class in an image that COCO looks at, by score."""


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
        difficult: (T,) bool, neither required nor wrong; COCO's crowds among them.
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


def voc_matches(found: Detections, objects: Objects, least: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which boxes find an object as PASCAL VOC does; each has a claim on the one that it overlaps most.

    The highest score takes the object, and a second box on it is wrong.

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


def coco_matches(found: Detections, objects: Objects) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which boxes find an object as COCO does; each takes the best of those that no higher score has taken.

    Where there is none, a box of which enough lies in a difficult object is not counted, however many others do:
    such objects are COCO's crowds.

    Args:
        found: M boxes; those beyond ``MOST_FOUND`` in an image are not counted.
        objects: T objects.

    Returns:
        (O, M) right at each of ``OVERLAPS``, and (O, M) not to be counted.
    """
    right, ignored = np.zeros((2, len(OVERLAPS), len(found.score)), bool)
    order = np.lexsort((-found.score, found.image))
    firsts = np.flatnonzero(np.diff(found.image[order], prepend=-1))
    for boxes in np.split(order, firsts[1:]) if len(order) else ():
        ignored[:, boxes[MOST_FOUND:]] = True
        seen = boxes[:MOST_FOUND]
        here = objects.image == found.image[seen[0]]
        crowd = objects.difficult[here]
        share = overlap(found.corners[seen], objects.corners[here])
        share[:, crowd] = _within(found.corners[seen], objects.corners[here][crowd])
        right[:, seen], ignored[:, seen] = _taken(share, crowd)
    return right, ignored


def _within(boxes: NDArray[np.floating], crowds: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (M, T) which share of each box lies in each crowd."""
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None]
    return np.where(area > 0, intersection(boxes, crowds) / np.where(area > 0, area, 1), 0.0)


def _taken(share: NDArray[np.float64], crowd: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Let M boxes of an image, by falling score, take T objects; return (O, M) right and (O, M) not to be counted."""
    least = np.array(OVERLAPS)[:, None]
    right, ignored = np.zeros((2, len(OVERLAPS), len(share)), bool)
    free = np.tile(~crowd, (len(OVERLAPS), 1))
    for number, own in enumerate(share if len(crowd) else ()):
        fits = own >= least  # (O, T)
        offered = np.where(fits & free, own, -1.0)[:, ::-1]  # of equals, COCO's tool takes the last
        best = len(own) - 1 - offered.argmax(1)
        right[:, number] = offered.max(1) >= 0
        ignored[:, number] = ~right[:, number] & (fits & crowd).any(1)
        free[right[:, number], best[right[:, number]]] = False
    return right, ignored


def detection_precisions(found: Detections, objects: Objects) -> dict[str, float]:
    """Return the average precision of one class under its three names.

    Returns:
        ``eleven_point`` and ``all_point`` at an overlap of 0.5, matched as in PASCAL VOC, and ``coco``, the mean over
        ten overlaps with 101 points, matched as in COCO; in [0, 1], NaN where nothing is to be found.
    """
    required = int((~objects.difficult).sum())
    if not required:
        return dict.fromkeys(("eleven_point", "all_point", "coco"), float("nan"))

    def curve(right: NDArray[np.bool_], ignored: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        return precision_recall(found.score[~ignored], right[~ignored], num_positive=required)

    voc = curve(*voc_matches(found, objects, OVERLAPS[0]))
    coco = [eleven_point(*curve(*each), num_points=101) for each in zip(*coco_matches(found, objects), strict=True)]
    return {"eleven_point": eleven_point(*voc), "all_point": all_point(*voc), "coco": float(np.mean(coco))}
