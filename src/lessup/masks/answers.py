"""Answers to questions about images, and how much each word and each place of the image speaks for them.

Source: Bolei Zhou, Yuandong Tian, Sainbayar Sukhbaatar, Arthur Szlam, Rob Fergus, *Simple Baseline for Visual Question
Answering*, 2015, <https://arxiv.org/abs/1512.02167>: the words of the question as a bag, beside the features of the
image, and a softmax over the most frequent answers; its maps in Zhou, Khosla, Lapedriza, Oliva, Torralba, *Learning
Deep Features for Discriminative Localization*, 2016, section 4.2 and figure 12.

Differs from the paper: one weight for each word and answer, where it first embeds words into 1,024 numbers by another
linear layer; multinomial logistic regression with a weight decay that is chosen on held-out images, where it has
gradient descent with rates and largest weights of their own for either part. Here each part is centred and scaled, and
``image_share`` of their mean square is the image's.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.formats.words import words
from lessup.probes.layer_choice import logistic_regression
from lessup.probes.linear_layer import LinearLayer, linear_layer
from lessup.probes.spaces import COLLAPSED
from lessup.samples.label_draws import LabelledPool

Floats = NDArray[np.float32]

DECAYS = (1e-3, 1e-1, 1e-2, 1e-4)
"""Of the weights, for questions whose mean square is 1; the first one where there is nothing to choose on."""


@dataclass(frozen=True, eq=False)
class Answerer:
    """Which of K answers W words and D features of an image speak for.

    The score of an answer is the sum of the weights of the question's words, the product of the image's features with
    theirs, and the bias. Over all answers the weights of a word or feature sum to 0, so that each says how much more
    it speaks for an answer than for the mean of all.

    Attributes:
        of_words: (K, W).
        of_image: the D features' weights as the last layer of a network, see ``with_weights``; the biases are in it.
    """

    of_words: Floats
    of_image: LinearLayer

    def scores(self, bags: Floats, features: Floats) -> Floats:
        """Return (N, K) scores of questions; their softmax are probabilities.

        Args:
            bags: (N, W), see ``bags``.
            features: (N, D) of the image of each.
        """
        return bags @ self.of_words.T + self.of_image.scores(features)


def vocabulary(texts: Sequence[str], least: int) -> tuple[str, ...]:
    """Return the words that are in so many sentences at least, by the alphabet.

    >>> vocabulary(["Is it a cat?", "is a cat a dog"], 2)
    ('a', 'cat', 'is')
    """
    counts = Counter(word for text in texts for word in set(words(text)))
    return tuple(sorted(word for word, count in counts.items() if count >= least))


def bags(texts: Sequence[str], known: Sequence[str]) -> Floats:
    """Return (N, W), 1 where a sentence has a word, however often.

    >>> bags(["a dog, a cat", "birds"], ("a", "cat"))
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """
    place = {word: number for number, word in enumerate(known)}
    found = np.zeros((len(texts), len(known)), np.float32)
    for row, text in enumerate(texts):
        found[row, [place[word] for word in words(text) if word in place]] = 1
    return found


def most_frequent(given: Sequence[str], most: int) -> tuple[str, ...]:
    """Return at most so many answers, the most frequent first, and by the alphabet among equals.

    >>> most_frequent(["no", "yes", "yes", "cat"], 2)
    ('yes', 'cat')
    """
    counts = Counter(given)
    return tuple(sorted(counts, key=lambda one: (-counts[one], one))[:most])


def learnt_answerer(
    bags: Floats,
    features: Floats,
    label: NDArray[np.int64],
    family: NDArray[np.int64],
    answers: Sequence[str],
    *,
    image_share: float = 0.5,
    decays: tuple[float, ...] = DECAYS,
) -> Answerer:
    """Learn to answer from N questions whose answers are known.

    Args:
        bags: (N, W), see ``bags``.
        features: (N, D) of the image of each.
        label: (N,), 0 <= label < K.
        family: (N,), questions that stay on one side where the decay is chosen: those about one image.
        answers: (K,).
        image_share: how much of the mean square is the image's, from 0, words alone, to 1, the image alone.
        decays: see ``DECAYS``.
    """
    shares = np.sqrt([1 - image_share, image_share])
    factor = np.concatenate(
        [np.full(part.shape[1], share * _scale(part)) for part, share in zip((bags, features), shares, strict=True)]
    ).astype(np.float32)
    both = np.concatenate([bags, features], axis=1) * factor
    targets = (label[:, None] == np.arange(len(answers))).astype(np.int8)
    if not factor.any():  # nothing to tell questions by
        chance = np.log((targets.sum(0) + 1) / (len(targets) + len(answers)))
        layer = LinearLayer(np.zeros((len(answers), len(factor)), np.float32), chance, decays[0], float("nan"))
    else:
        pool = LabelledPool((), targets, False, tuple(answers), family, np.zeros(len(label), bool), 0)
        layer = linear_layer(both, pool, np.arange(len(label)), logistic_regression(decays, several=False))
    weight, width = layer.weight * factor, bags.shape[1]
    return Answerer(weight[:, :width], LinearLayer(weight[:, width:], layer.bias, layer.strength, layer.validation))


def _scale(part: Floats) -> float:
    """Return what brings a part to a mean square of 1 once it is centred, 0 where all of its rows are equal."""
    size = float(np.square(part - part.mean(0), dtype=np.float64).sum(1).mean())
    whole = float(np.square(part, dtype=np.float64).sum(1).mean())
    return size**-0.5 if size > COLLAPSED * whole else 0.0
