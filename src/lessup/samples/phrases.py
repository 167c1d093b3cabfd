"""Words that follow one another so often that they are one, such as new_york."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from lessup.samples.vocabulary import Count

JOINT = "_"
"""Stands between the words of a phrase."""

PhraseScore = Literal["program", "paper"]
"""``paper`` leaves out the number of words of the text, by which the ``program`` multiplies."""


@dataclass(frozen=True)
class Phrases:
    """Pairs of words that are one where they follow one another.

    Attributes:
        pairs: first and second word with a blank between.
    """

    pairs: frozenset[str]

    def joined(self, sentence: list[str]) -> list[str]:
        """Join pairs from left to right; what is joined already is not joined to the next word.

        >>> Phrases(frozenset(["new york", "york times"])).joined(["new", "york", "times"])
        ['new_york', 'times']
        """
        found: list[str] = []
        last = ""  # empty at the beginning, and after a phrase
        for word in sentence:
            if last and f"{last} {word}" in self.pairs:
                found[-1] = f"{last}{JOINT}{word}"
                last = ""
            else:
                found.append(word)
                last = word
        return found


@dataclass
class PhraseCount:
    """Counts words and pairs as they come, in bounded memory.

    Attributes:
        words: how often each word occurred.
        pairs: how often each pair did, with a blank between.
    """

    words: Count
    pairs: Count

    @classmethod
    def empty(cls) -> "PhraseCount":
        """Return a count of nothing."""
        return cls(Count(), Count())

    def add(self, sentences: Iterable[list[str]]) -> None:
        """Count the words and pairs of sentences."""
        for sentence in sentences:
            self.words.add([sentence])
            self.pairs.add([[f"{first} {second}" for first, second in pairwise(sentence)]])

    def scores(self, min_count: int, score: PhraseScore = "program") -> Iterator[tuple[str, float]]:
        """Give every pair with how much more often it occurs than it would by chance.

        Args:
            min_count: taken off what a pair occurs; words that occur fewer times are not in phrases.
            score: of the program or the paper.

        Source: Mikolov, Sutskever, Chen, Corrado, Dean, *Distributed Representations of Words and Phrases and their
        Compositionality*, 2013, eq. 6, and the program word2phrase.
        """
        scale = self.words.num_tokens if score == "program" else 1
        for pair, count in self.pairs.seen.items():
            first, second = (self.words.seen[word] for word in pair.split(" "))
            if min(first, second, count) >= min_count:
                yield pair, (count - min_count) / (first * second) * scale

    def phrases(self, threshold: float, min_count: int, score: PhraseScore = "program") -> Phrases:
        """Return the pairs whose score is above a threshold; see ``scores``."""
        return Phrases(frozenset(pair for pair, own in self.scores(min_count, score) if own > threshold))
