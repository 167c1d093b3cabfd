"""The words of a text and how often each occurs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError

MOST_WORDS = 20_000_000
"""Different words that are counted at once; beyond, the rarest are forgotten, as the program of word2vec does."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words, the commonest first.

    Attributes:
        words: (V,) different words.
        counts: (V,) int64, how often each occurs.
        num_tokens: words of the text, those that are too rare among them.
        num_rare: different words that are too rare.
    """

    words: tuple[str, ...]
    counts: NDArray[np.int64]
    num_tokens: int
    num_rare: int

    @cached_property
    def place(self) -> dict[str, int]:
        """Place of every word."""
        return {word: place for place, word in enumerate(self.words)}


@dataclass
class Count:
    """Counts words as they come, in bounded memory.

    Attributes:
        seen: how often each word occurred.
        num_tokens: words so far.
        least: words that occurred fewer times were forgotten when there were too many.
    """

    seen: Counter[str] = field(default_factory=Counter)
    num_tokens: int = 0
    least: int = 1

    def add(self, sentences: Iterable[list[str]]) -> None:
        """Count the words of sentences."""
        for sentence in sentences:
            self.seen.update(sentence)
            self.num_tokens += len(sentence)
            if len(self.seen) > MOST_WORDS:
                self.least += 1
                self.seen = Counter({word: count for word, count in self.seen.items() if count >= self.least})

    def vocabulary(self, min_count: int) -> Vocabulary:
        """Return the words that occur often enough; of words as common, the alphabet decides.

        Raises:
            DataError: fewer than two words are left.
        """
        kept = [(word, count) for word, count in self.seen.items() if count >= min_count]
        if len(kept) < 2:
            raise DataError(
                f"{len(self.seen)} different words, of which {len(kept)} occur {min_count} times or more; wanted two: "
                "give more text or pass a smaller --min-count"
            )
        kept.sort(key=lambda pair: (-pair[1], pair[0]))
        names, counts = zip(*kept, strict=True)
        return Vocabulary(names, np.array(counts, np.int64), self.num_tokens, len(self.seen) - len(kept))
