"""Which images show a concept, and where: detectors on the pooled map of a network that was never told of it.

Source: Zhou et al., *Learning Deep Features for Discriminative Localization*, 2016, section 4.2: a concept's positives
are images whose captions hold a phrase, its negatives random ones without any of its words, then hard ones; the class
map comes from the weights of the linear machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from lessup.errors import DataError
from lessup.formats.words import words
from lessup.metrics.average_precision import average_precisions
from lessup.probes.hard_negatives import MINING, Detector, Mining, mined_detector
from lessup.probes.linear_layer import LinearLayer
from lessup.samples.images import Images
from lessup.samples.label_draws import targets

LITTLE = frozenset(
    "a an and are at by for from in into is it its of off on or over that the their to up with".split()  # noqa: SIM905
)
"""Words that say nothing of what is in an image; a negative may have them."""

FOLDS = 3
"""Of the images with which a detector is measured."""


@dataclass(frozen=True, eq=False)
class Examples:
    """What a concept is learnt from.

    Attributes:
        name: of the concept.
        positive: (N,) bool, images with it.
        negative: (N,) bool, images without; what is neither is not learnt from.
    """

    name: str
    positive: NDArray[np.bool_]
    negative: NDArray[np.bool_]


def from_captions(phrase: str, captions: Sequence[Sequence[str]]) -> Examples:
    """Look a phrase up in the captions of N images.

    Its words must follow one another in one sentence, in any case of letters. An image with captions of which none has
    any of its words is a negative; words of ``LITTLE`` count only in a phrase of nothing else.

    Args:
        phrase: one word or more.
        captions: of every image, none where nothing is known.

    Raises:
        DataError: the phrase has no word, or no caption holds it.

    >>> found = from_captions("red bus", [["A red bus."], ["A bus, red."], ["A dog"], []])
    >>> found.positive.tolist(), found.negative.tolist()
    ([True, False, False, False], [False, False, True, False])
    """
    wanted = words(phrase)
    if not wanted:
        raise DataError(f"the phrase {phrase!r} has no word")
    telling = set(wanted) - LITTLE or set(wanted)
    told = [[words(sentence) for sentence in own] for own in captions]
    positive = np.array([any(_follow(wanted, sentence) for sentence in own) for own in told], bool)
    negative = np.array([bool(own) and not any(telling & set(sentence) for sentence in own) for own in told], bool)
    if not positive.any():
        raise DataError(f"no caption of the {len(told)} images holds {phrase!r}: wanted words as captions have them")
    return Examples(phrase, positive, negative)


def from_classes(name: str, images: Images) -> Examples:
    """Take a class of labelled or tagged images; those of which nothing is known are neither.

    Raises:
        DataError: there is no such class.
    """
    if name not in images.classes:
        raise DataError(f"no class {name!r} in the data: it has {', '.join(images.classes[:10])}; or give --captions")
    of_class = targets(images)[:, images.classes.index(name)]
    return Examples(name, of_class == 1, of_class == 0)


def from_tags(name: str, tags: Sequence[Sequence[str]]) -> Examples:
    """Take one of the names that images have; those that have none at all are neither positive nor negative.

    Args:
        name: of the concept.
        tags: of every image, none where nothing is known.

    Raises:
        DataError: no image has the name.
    """
    if not any(name in own for own in tags):
        known = sorted({each for own in tags for each in own})
        raise DataError(f"no image has the tag {name!r}; wanted some of {', '.join(known[:10])}")
    positive = np.array([name in own for own in tags], bool)
    return Examples(name, positive, np.array([bool(own) for own in tags], bool) & ~positive)


def as_layer(detectors: Sequence[Detector], cost: float) -> LinearLayer:
    """Return K detectors of the same features as one linear layer; none was validated.

    Args:
        detectors: in the order of the classes.
        cost: with which all were fitted.
    """
    bias = np.array([one.bias for one in detectors], np.float32)
    return LinearLayer(np.stack([one.weight for one in detectors]), bias, cost, validation=float("nan"))


def highest(scores: NDArray[np.floating], top: int) -> NDArray[np.int8]:
    """Return (N, K) tags: 1 for the images with the ``top`` highest of (N, K) scores of each concept.

    >>> highest(np.array([[0.1], [0.9], [0.5]]), 2).tolist()
    [[0], [1], [1]]
    """
    tags = np.zeros(scores.shape, np.int8)
    order = np.argsort(-scores, axis=0, kind="stable")[:top]
    np.put_along_axis(tags, order, 1, axis=0)
    return tags


def held_out_precision(
    features: NDArray[np.float32],
    one: Examples,
    group: NDArray[np.int64],
    mining: Mining = MINING,
) -> float:
    """Return how well detectors rank images that they did not learn from: average precision, averaged over 3 folds.

    Args:
        features: (N, D).
        one: what is learnt from; all of its positives and negatives are ranked.
        group: (N,), images that stay in one fold.
        mining: how they are fitted.

    Returns:
        In [0, 1]; NaN where positives or negatives are of fewer groups than folds. A constant score gives the share of
        positives.
    """
    places = np.flatnonzero(one.positive | one.negative)
    positive = one.positive[places]
    if min(len(np.unique(group[places[positive == kind]])) for kind in (True, False)) < FOLDS:
        return float("nan")
    found = []
    for fit, held_out in StratifiedGroupKFold(FOLDS).split(places, positive, group[places]):
        if not positive[held_out].any() or len(np.unique(positive[fit])) < 2:
            return float("nan")
        known = np.zeros(len(features), bool)
        known[places[fit]] = True
        detector = mined_detector(features, one.positive & known, one.negative & known, mining)
        scores = detector.scores(features[places[held_out]])[:, None]
        found.append(average_precisions(scores, positive[held_out, None].astype(np.int8))["step"][0])
    return float(np.mean(found))


def _follow(phrase: Sequence[str], sentence: Sequence[str]) -> bool:
    return any(list(phrase) == sentence[start : start + len(phrase)] for start in range(len(sentence)))
