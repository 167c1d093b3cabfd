"""How often words are kept and drawn, by how often they occur."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


def keep_probability(counts: NDArray[np.int64], threshold: float, *, published: bool) -> NDArray[np.float32]:
    """Return how likely each occurrence of a word is kept, so that frequent ones do not drown the others.

    Args:
        counts: (V,) occurrences, all of them > 0.
        threshold: t, the frequency from which words are thinned out; 0 keeps all.
        published: sqrt(t/f) as the paper has it; else sqrt(t/f) + t/f as its program does, where f is the frequency.

    Returns:
        (V,) from 0 to 1.

    Source: Mikolov, Sutskever, Chen, Corrado, Dean, *Distributed Representations of Words and Phrases and their
    Compositionality*, 2013, eq. 5, and its program word2vec.c.

    >>> keep_probability(np.array([96, 4]), 0.04, published=True).round(3).tolist()
    [0.20399999618530273, 1.0]
    """
    if threshold == 0:
        return np.ones(len(counts), np.float32)
    ratio = threshold * counts.sum() / counts
    keep: NDArray[np.float32] = np.minimum(np.sqrt(ratio) + (0 if published else ratio), 1).astype(np.float32)
    return keep


def noise_distribution(counts: NDArray[np.int64], power: float) -> NDArray[np.float64]:
    """Return (V,) the probability of each word as noise: counts raised to a power, 3/4 in the paper."""
    raised: NDArray[np.float64] = counts.astype(np.float64) ** power
    raised /= raised.sum()
    return raised


class Alias(NamedTuple):
    """A distribution over V words from which one is drawn at once (Walker 1977): a place, then it or its other.

    Attributes:
        chance: (V,) float32, how likely a place stands for itself.
        other: (V,) int64, for what it stands otherwise.
    """

    chance: NDArray[np.float32]
    other: NDArray[np.int64]

    @classmethod
    def of(cls, probability: NDArray[np.float64]) -> "Alias":
        """Make the table of (V,) probabilities that add up to 1."""
        left = (probability * len(probability)).tolist()
        chance, other = np.ones(len(left)), np.arange(len(left))
        low = [place for place, share in enumerate(left) if share < 1]
        high = [place for place, share in enumerate(left) if share >= 1]
        while low and high:
            place, above = low.pop(), high[-1]
            chance[place], other[place] = left[place], above
            left[above] -= 1 - left[place]
            if left[above] < 1:
                low.append(high.pop())
        return cls(chance.astype(np.float32), other)
