"""Label images from nothing but the names of their classes, by a network whose own classes have names.

Two steps. Where the rows of the network's linear classifier lie is regressed on the vectors of their names, after
Changpinyo, Chao, Sha, *Predicting Visual Exemplars of Unseen Classes for Zero-Shot Learning*, 2017,
https://arxiv.org/abs/1605.08151; a new class gets the row that its name foretells. Then the images that look most like
each class are taken for examples of it, and their labels spread to all others over the graph of neighbours (Zhou et
al., *Learning with Local and Global Consistency*, 2004).

*Differs from the paper:* exemplars are rows of the classifier, since the network comes without the images it learnt
from; features lose their mean over the images at hand, rows theirs, and cosines are compared.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from lessup.labels.descriptions import unit
from lessup.labels.exem import predicted_exemplars
from lessup.labels.held_out import shares_of
from lessup.labels.known_labels import UNLABELLED
from lessup.labels.label_spreading import LabelSpreading

WIDTH, PENALTY = 0.5, 0.3
"""Of the regression: chosen by telling a fifth of the classes of ImageNet from the names of the others."""

SUREST = 5
"""Images of each class that are taken for examples."""


def name_scores(
    x: NDArray[np.floating],
    rows: NDArray[np.floating],
    row_vectors: NDArray[np.floating],
    vectors: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Compare images with what the names of classes foretell.

    Args:
        x: (N, D) features, as the classifier is given them.
        rows: (M, D) its rows.
        row_vectors: (M, A) vectors of the names of its M classes.
        vectors: (K, A) vectors of the names to tell.

    Returns:
        (N, K) cosines.
    """
    known = unit(np.asarray(row_vectors, np.float64))
    centre = known.mean(0)
    asked = unit(np.asarray(vectors, np.float64)) - centre
    foretold = predicted_exemplars(known - centre, np.asarray(rows, np.float64), asked, width=WIDTH, penalty=PENALTY)
    images = np.asarray(x, np.float64)
    cosines: NDArray[np.float64] = unit(images - images.mean(0)) @ unit(foretold - rows.mean(0)).T
    return cosines


def surest(scores: NDArray[np.float64], known: NDArray[np.int64], count: int = SUREST) -> NDArray[np.int64]:
    """Take the images that look most like a class for examples of it, where it has fewer than ``count``.

    Args:
        scores: (N, K), the larger the likelier.
        known: (N,) classes, -1 where not known.
        count: examples of each class, those known among them; an image that looks more like another class is none.

    Returns:
        (N,) classes, those known and those taken.
    """
    codes = known.copy()
    best = scores.argmax(1)
    lead = scores - np.partition(scores, -2, axis=1)[:, -2:-1] if scores.shape[1] > 1 else scores
    for number in range(scores.shape[1]):
        own = np.flatnonzero((best == number) & (known == UNLABELLED))
        open_places = max(count - int((known == number).sum()), 0)
        codes[own[np.argsort(-lead[own, number], kind="stable")][:open_places]] = number
    return codes


def spread_from(x: NDArray[np.floating], examples: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    """Spread the labels of examples to all others.

    Args:
        x: (N, D) features.
        examples: (N,) classes, -1 where not known; one or more is known.
        num_classes: K.

    Returns:
        (N, K) shares; where all examples are of one class, all is of it.
    """
    found = np.unique(examples[examples != UNLABELLED])
    if len(found) < 2:
        return np.tile(np.arange(num_classes) == found, (len(x), 1)).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # samples that no path reaches get the shares of the examples
        estimator = LabelSpreading().fit(x, examples)
    return shares_of(estimator, x, np.arange(len(x)), num_classes)
