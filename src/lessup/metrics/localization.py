"""How well boxes and maps of a class find its objects in images whose class is known.

Five numbers of two kinds. With one box an image, or one for each class named:

- top-1 and top-5 accuracy: the share of images of which the first, or one of the first five, named classes is right
  and its own box overlaps an object of that class by half (``localized``; ILSVRC's CLS-LOC task);
- accuracy with the class given, also GT-known: the same when the right class is told.

Over all thresholds of the map of the class given (Choe et al. 2020):

- MaxBoxAcc: that accuracy at the best threshold. It is chosen on the measured images themselves, so it is what a map
  could give, not what a user gets (``max_box_accuracy``);
- MaxBoxAccV2: any part of the map may find the object, the mean over overlaps of 0.3, 0.5 and 0.7
  (``max_box_accuracy_v2``);
- PxAP: average precision of pixels, over all images at once (``pixel_average_precision``).

``mean_box_accuracy`` is ours: the area under the curve of box accuracy over the threshold, which no choice flatters.

Sources: Russakovsky et al., *ImageNet Large Scale Visual Recognition Challenge*, 2015, section 4.2; Choe, Oh, Lee,
Chun, Akata, Shim, *Evaluating Weakly Supervised Object Localization Methods Right*, 2020, section 4.1, and their
*Evaluation for Weakly Supervised Object Localization: Protocol, Metrics, and Datasets*, 2020, for MaxBoxAccV2.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lessup.metrics.average_precision import step
from lessup.metrics.detection import overlap

OVERLAP = 0.5
"""From which a box finds an object."""

OVERLAPS_V2 = (0.3, 0.5, 0.7)
"""Over which MaxBoxAccV2 takes the mean."""

NUM_BINS = 1000
"""Thresholds between 0 and 1 at which pixels are counted; those of exactly 1 are one bin more."""


def best_overlaps(found: NDArray[np.floating], objects: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (M,) the largest intersection over union of each box (M, 4) with any of the objects (T, 4).

    >>> best_overlaps(np.array([[0, 0, 2, 2], [5, 5, 6, 6]]), np.array([[0, 0, 2, 2], [0, 0, 1, 1]]))
    array([1., 0.])
    """
    best: NDArray[np.float64] = overlap(found, objects).max(axis=1, initial=0.0)
    return best


def localized(
    classes: NDArray[np.int64],
    corners: NDArray[np.floating],
    label: NDArray[np.int64],
    objects: NDArray[np.floating],
    *,
    least: float = OVERLAP,
) -> NDArray[np.bool_]:
    """Tell which of the named classes are in one image, with their box on an object of the class.

    Args:
        classes: (n,) named, the likeliest first.
        corners: (n, 4) their boxes; one of no area finds nothing.
        label: (T,) of the objects.
        objects: (T, 4) their boxes.
        least: overlap from which a box finds an object.

    Returns:
        (n,); the first element is top-1, whether any of the first five is True is top-5.
    """
    right = (overlap(corners, objects) >= least) & (classes[:, None] == label)
    found: NDArray[np.bool_] = right.any(axis=1)
    return found


def box_accuracies(overlaps: NDArray[np.floating], *, least: float = OVERLAP) -> NDArray[np.float64]:
    """Return (S,) the share of images whose box finds an object, at each of S thresholds of the map.

    Args:
        overlaps: (N, S) largest overlap of each image's box with any object.
        least: overlap from which a box finds an object.
    """
    shares: NDArray[np.float64] = (overlaps >= least).mean(axis=0)
    return shares


def best_place(accuracy: NDArray[np.floating]) -> int:
    """Return the place of the best of (S,) accuracies: of several that are as good, the middle one.

    >>> best_place(np.array([0.5, 0.7, 0.7, 0.7, 0.1]))
    2
    """
    places = np.flatnonzero(accuracy == accuracy.max())
    return int(places[len(places) // 2])


def max_box_accuracy(overlaps: NDArray[np.floating], *, least: float = OVERLAP) -> float:
    """Return MaxBoxAcc: the accuracy at the threshold that suits these images best.

    Args:
        overlaps: (N, S) of the box around the largest part at each threshold.
        least: overlap from which a box finds an object.

    >>> max_box_accuracy(np.array([[0.2, 0.6, 0.9], [0.5, 0.5, 0.1]]))
    1.0
    """
    return float(box_accuracies(overlaps, least=least).max())


def max_box_accuracy_v2(overlaps: NDArray[np.floating], leasts: Sequence[float] = OVERLAPS_V2) -> float:
    """Return MaxBoxAccV2: the mean over several overlaps of the accuracy at each one's own best threshold.

    Args:
        overlaps: (N, S) of the best box around any part at each threshold.
        leasts: overlaps from which a box finds an object.
    """
    return float(np.mean([max_box_accuracy(overlaps, least=least) for least in leasts]))


def mean_box_accuracy(overlaps: NDArray[np.floating], *, least: float = OVERLAP) -> float:
    """Return the area under box accuracy over the threshold: its mean over thresholds evenly spaced from 0 to 1.

    Args:
        overlaps: (N, S) of the box around the largest part at each threshold.
        least: overlap from which a box finds an object.
    """
    return float(box_accuracies(overlaps, least=least).mean())


def pixel_counts(score_map: NDArray[np.floating], truth: NDArray[np.integer]) -> NDArray[np.int64]:
    """Count the pixels of one image by their score.

    Args:
        score_map: (H, W) in [0, 1].
        truth: (H, W) 1 on objects of the class, 0 elsewhere, -1 where a pixel is not counted.

    Returns:
        (2, ``NUM_BINS`` + 1) pixels off and on the object; those of several images are added up.
    """
    bins = np.floor(score_map.astype(np.float64) * NUM_BINS).astype(np.int64)
    return np.stack([np.bincount(bins[truth == kind], minlength=NUM_BINS + 1) for kind in (0, 1)])


def pixel_average_precision(counts: NDArray[np.int64]) -> float:
    """Return PxAP: the sum of precision times the rise of recall, from the highest threshold to the lowest.

    Args:
        counts: (2, B) pixels off and on objects by rising score, of all images together.

    Returns:
        0 to 1; NaN without a pixel on an object. A map that is the same everywhere gives the share of such pixels.

    >>> pixel_average_precision(np.array([[3, 1, 0], [0, 1, 1]]))
    0.8333333333333333
    """
    off, on = counts[:, ::-1].cumsum(axis=1).astype(np.float64)
    counted = off + on > 0
    if not on[-1]:
        return float("nan")
    return step(on[counted] / (off + on)[counted], on[counted] / on[-1])
