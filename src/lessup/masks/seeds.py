"""Seeds: the few pixels of an image whose class is told by maps of the classes that its tags name.

Seong Joon Oh, Rodrigo Benenson, Anna Khoreva, Zeynep Akata, Mario Fritz, Bernt Schiele, *Exploiting Saliency for Object
Segmentation from Image Level Labels*, 2017, <https://arxiv.org/abs/1701.08261>; settings from the authors' code.

The maps may be class activation maps, gradients, or anything else that is high where a class shows.

Label maps hold 0 for the background and 1 + class, as the masks of ``Images`` do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, ShapeError, UsageError

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
Tables = NDArray[np.int64]

THRESHOLD = 0.2
"""Of the confidence, in the authors' script."""

THRESHOLDS = np.arange(1, 101) / 100
"""A grid of confidences from which a threshold may be chosen; at 0 every pixel would be a seed."""


def normalised(class_maps: NDArray[np.floating], tags: NDArray[np.integer]) -> Floats:
    """Return the maps of the classes that an image has, each divided by its maximum.

    Args:
        class_maps: (K, H, W), finite.
        tags: (K,) 1 where a class is in the image; 0 and -1 (unknown) where not.

    Returns:
        (K, H, W) in [0, 1], 0 where a map is negative; all 0 for a class that the image does not have, and for one
        whose map is nowhere above 0.

    Raises:
        DataError: a map is not finite.
        ShapeError: the shapes do not fit.

    >>> normalised(np.array([[[-1.0, 2.0, 4.0]], [[5.0, 5.0, 5.0]]]), np.array([1, 0]))
    array([[[0. , 0.5, 1. ]],
    <BLANKLINE>
           [[0. , 0. , 0. ]]])
    """
    if class_maps.ndim != 3 or tags.shape != class_maps.shape[:1]:
        raise ShapeError(f"maps {class_maps.shape} and tags {tags.shape}: wanted (K, H, W) and (K,)")
    if not np.isfinite(class_maps).all():
        raise DataError("class maps hold NaN or infinite values: wanted finite ones")
    positive = np.where((tags == 1)[:, None, None], class_maps, 0).clip(min=0).astype(np.float64)
    most = positive.max(axis=(1, 2), keepdims=True, initial=0)
    return positive / np.where(most > 0, most, 1)


def seed_confidence(class_maps: NDArray[np.floating], tags: NDArray[np.integer]) -> tuple[Labels, Floats]:
    """Return every pixel's likeliest class among those that the image has, and how far it is to be believed.

    Args:
        class_maps: (K, H, W), finite.
        tags: (K,) 1 where a class is in the image.

    Returns:
        (H, W) 1 + class, 0 where all maps are; (H, W) confidence in [0, 1].
    """
    maps = normalised(class_maps, tags)
    confidence = maps.max(axis=0, initial=0)
    label = maps.argmax(axis=0) + 1 if len(maps) else np.zeros(confidence.shape, np.int64)
    return np.where(confidence > 0, label, 0), confidence


def at_threshold(label: Labels, confidence: Floats, threshold: float) -> Labels:
    """Return (H, W) the labels of at least that confidence, 0 elsewhere."""
    return np.where(confidence >= threshold, label, 0)


def seeds(class_maps: NDArray[np.floating], tags: NDArray[np.integer], *, threshold: float = THRESHOLD) -> Labels:
    """Return where each class surely is; every other pixel is background.

    Args:
        class_maps: (K, H, W), finite.
        tags: (K,) 1 where a class is in the image. An image without tags has no seeds.
        threshold: least confidence of a seed, in (0, 1].

    Returns:
        (H, W) 1 + class, 0 background.

    >>> seeds(np.array([[[0.1, 0.5, 1.0]], [[8.0, 3.0, 0.0]]]), np.array([1, 1]), threshold=0.4)
    array([[2, 1, 1]])
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"threshold = {threshold}: wanted above 0 and at most 1")
    return at_threshold(*seed_confidence(class_maps, tags), threshold)


def seed_tables(
    label: Labels, confidence: Floats, truth: Labels, num_classes: int, thresholds: Floats = THRESHOLDS
) -> Tables:
    """Count the pixels of one image by true class and seed, at every threshold; sum the counts of several images.

    Args:
        label: (H, W) of ``seed_confidence``.
        confidence: (H, W) of the same.
        truth: (H, W) 1 + class, 0 background, -1 not to be counted.
        num_classes: K.
        thresholds: (T,), rising.

    Returns:
        (T, 1 + K, 1 + K); rows are true classes, the background first.
    """
    size = 1 + num_classes
    counted = truth >= 0
    passed = np.searchsorted(thresholds, confidence[counted], side="right")  # thresholds at which it is a seed
    place = np.ravel_multi_index((passed, truth[counted], label[counted]), (len(thresholds) + 1, size, size))
    by_passed = np.bincount(place, minlength=(len(thresholds) + 1) * size**2).reshape(-1, size, size)
    seed = by_passed[::-1].cumsum(axis=0)[::-1][1:]  # those that pass this threshold
    rest = by_passed.cumsum(axis=0)[:-1]
    seed[:, :, 0] += rest.sum(axis=2)
    return seed


@dataclass(frozen=True, kw_only=True)
class SeedCurve:
    """How right and how complete seeds are, at every threshold.

    Attributes:
        foreground_precision: (T,) mean over the classes that occur, of those with a seed; NaN where none has one.
        foreground_recall: (T,) mean over the classes that occur; NaN where none does.
        background_precision: (T,) NaN where all pixels are seeds.
        background_recall: (T,) NaN where nothing is background.
    """

    foreground_precision: Floats
    foreground_recall: Floats
    background_precision: Floats
    background_recall: Floats


def seed_curve(tables: Tables) -> SeedCurve:
    """Return precision and recall of seeds from counts over all images.

    Args:
        tables: (T, 1 + K, 1 + K) of ``seed_tables``.
    """
    right = tables.diagonal(axis1=1, axis2=2).astype(np.float64)  # (T, 1 + K)
    true, found = (tables.sum(axis=axis, dtype=np.float64) for axis in (2, 1))
    recall = right / np.where(true > 0, true, np.nan)
    precision = right / np.where((found > 0) & ((true > 0) | (np.arange(right.shape[1]) == 0)), found, np.nan)
    return SeedCurve(
        foreground_precision=_mean(precision[:, 1:]),
        foreground_recall=_mean(recall[:, 1:]),
        background_precision=precision[:, 0],
        background_recall=recall[:, 0],
    )


def mean_precision(curve: SeedCurve) -> float:
    """Return mP: the mean precision where a fifth of the foreground and four fifths of the background are found.

    Returns:
        in [0, 1]: half the foreground's precision at its first recall above 0.2, and half the background's at its
        first recall above 0.8; NaN where a recall is not reached.

    Source: Oh et al., as computed by the authors' code.
    """
    return 0.5 * (
        _at_recall(curve.foreground_precision, curve.foreground_recall, 0.2)
        + _at_recall(curve.background_precision, curve.background_recall, 0.8)
    )


def _at_recall(precision: Floats, recall: Floats, least: float) -> float:
    reached = np.where(recall > least, recall, np.inf)
    place = int(reached.argmin())
    return float(precision[place]) if np.isfinite(reached[place]) else float("nan")


def _mean(values: Floats) -> Floats:
    """Return (T,) means of the (T, K) values that are not NaN, NaN where all are."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    mean: Floats = np.where(known, values, 0).sum(axis=1) / np.where(count > 0, count, np.nan)
    return mean
