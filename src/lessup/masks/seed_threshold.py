"""Choose the threshold of seeds without a single mask.

Two looks at an image tell how good its seeds are: a map of what is salient, which knows no classes, and the class maps
of the image at another size. Seeds of a good threshold agree with both. Agreement is Cohen's kappa, which takes off
what chance gives: seeds everywhere, and seeds nowhere, agree with anything and say nothing.
"""

import numpy as np
from numpy.typing import NDArray

from lessup.errors import ShapeError
from lessup.masks.seeds import THRESHOLD, THRESHOLDS, Floats, Labels, Tables, at_threshold, seed_tables
from lessup.metrics.confusion import confusion
from lessup.metrics.kappa import kappa


def saliency_tables(
    label: Labels, confidence: Floats, salient: NDArray[np.bool_], thresholds: Floats = THRESHOLDS
) -> Tables:
    """Count the pixels of one image by saliency and by whether they are seeds; sum the counts of several images.

    Args:
        label: (H, W) of ``seed_confidence``.
        confidence: (H, W) of the same.
        salient: (H, W).
        thresholds: (T,), rising.

    Returns:
        (T, 2, 2); rows are not salient and salient, columns not seed and seed.
    """
    return seed_tables((label > 0).astype(np.int64), confidence, salient.astype(np.int64), 1, thresholds)


def scale_tables(
    first: tuple[Labels, Floats], second: tuple[Labels, Floats], thresholds: Floats = THRESHOLDS
) -> Tables:
    """Count the pixels of one image by whether they are seeds at two scales; sum the counts of several images.

    Classes are left out of it: which class is likeliest often agrees over scales where nothing is, too.

    Args:
        first: (H, W) labels and confidences of ``seed_confidence``, of class maps at one scale.
        second: the same at another scale, its class maps resized to H x W.
        thresholds: (T,).

    Returns:
        (T, 2, 2); rows are not seed and seed of the first scale.

    Raises:
        ShapeError: the maps differ in size.
    """
    if first[0].shape != second[0].shape:
        raise ShapeError(f"seeds {first[0].shape} and {second[0].shape}: wanted one size; resize the class maps")
    return np.stack([confusion(_is_seed(*first, one), _is_seed(*second, one), 2) for one in thresholds])


def agreement(tables: Tables) -> Floats:
    """Return (T,) Cohen's kappa at every threshold; 0 where either side says the same of all pixels."""
    return np.array([kappa(table) for table in tables])


def chosen_threshold(*agreements: Floats, thresholds: Floats = THRESHOLDS) -> float:
    """Return the threshold at which the mean of the agreements is highest.

    Args:
        agreements: (T,) each, of ``agreement``.
        thresholds: (T,).

    Returns:
        one of the thresholds, the lowest of several alike; the published 0.2 where none agrees more than by chance.

    >>> chosen_threshold(np.array([0.1, 0.6, 0.5]), np.array([0.2, 0.3, 0.6]), thresholds=np.array([0.1, 0.2, 0.3]))
    0.3
    """
    mean = np.mean(agreements, axis=0)
    return float(thresholds[mean.argmax()]) if mean.max() > 0 else THRESHOLD


def _is_seed(label: Labels, confidence: Floats, threshold: float) -> Labels:
    """Return (H * W,) 1 for seeds, 0 elsewhere."""
    return (at_threshold(label, confidence, threshold) > 0).ravel().astype(np.int64)
