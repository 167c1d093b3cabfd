"""All that skip-gram draws and asks of a vocabulary, made once from how often its words occur."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lessup.words.frequencies import Alias, keep_probability, noise_distribution
from lessup.words.huffman import Codes, huffman_codes

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Chances:
    """Of V words; what an objective does not need is empty.

    Attributes:
        keep: (V,) probability that an occurrence is kept.
        noise: from which words of noise are drawn.
        log_noise: (V,) logarithm of how many words of noise of each kind a pair has on average.
        codes: ways through the tree.
    """

    keep: Floats
    noise: Alias
    log_noise: Floats
    codes: Codes

    @classmethod
    def of(
        cls, counts: NDArray[np.int64], *, threshold: float, published: bool, num_negatives: int, power: float
    ) -> Self:
        """Make them.

        Args:
            counts: (V,) occurrences.
            threshold: see ``keep_probability``.
            published: see ``keep_probability``.
            num_negatives: words of noise for each pair; 0 asks for a tree.
            power: see ``noise_distribution``.
        """
        keep = keep_probability(counts, threshold, published=published)
        none = np.zeros(0, np.int64)
        if num_negatives == 0:
            nothing = np.zeros(0, np.float32)
            return cls(keep, Alias(nothing, none), nothing, huffman_codes(counts))
        noise = noise_distribution(counts, power)
        log_noise = np.log(num_negatives * noise).astype(np.float32)
        return cls(keep, Alias.of(noise), log_noise, Codes(none, none, none))
