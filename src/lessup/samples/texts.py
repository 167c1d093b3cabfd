"""Texts as numbers of words, memory-mapped, in pieces of a thousand."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.samples import Batch, Damage, Samples
from lessup.samples.joined_groups import joined_groups
from lessup.samples.vocabulary import Vocabulary

PIECE = 1000
"""Words and ends of sentences in a piece, as the program of word2vec cuts sentences."""

END = -1
"""Stands between sentences, and behind the last word of a piece that is shorter."""

UNKNOWN = -2
"""In ``Texts.number``: a word that the vocabulary lacks."""


@dataclass(frozen=True, eq=False)
class Texts(Samples):
    """N pieces of text.

    Attributes:
        flat: int32 places in the vocabulary, ``END`` behind each sentence; words that are too rare are left out.
        start: (N,) int64, where each piece begins.
        length: (N,) int64, at most ``PIECE``.
        vocabulary: of the numbers that are handed out.
        number: (V + 1,) int32, what is handed out for each number in ``flat``, ``UNKNOWN`` for words that are left
            out, and ``END`` in the last place; empty where they are handed out as they are.
    """

    noun: ClassVar[str] = "texts"

    flat: NDArray[np.int32]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    vocabulary: Vocabulary
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    group: NDArray[np.int64]
    official: NDArray[np.str_]
    fingerprint: str
    damage: tuple[Damage, ...] = ()
    number: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch."""
        return ("tokens", "label")

    def piece(self, index: int) -> NDArray[np.int32]:
        """Return one (T,) piece."""
        own = self.flat[self.start[index] : self.start[index] + self.length[index]]
        if not len(self.number):
            return own
        handed_out = self.number[own]
        known: NDArray[np.int32] = handed_out[handed_out != UNKNOWN]
        return known

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return ``tokens`` (B, T) int64 and ``label`` (B,) int64, see the glossary."""
        chosen = np.asarray(indices, np.int64)
        tokens = np.full((len(chosen), int(self.length[chosen].max(initial=0))), END, np.int64)
        for row, index in enumerate(chosen):
            piece = self.piece(int(index))
            tokens[row, : len(piece)] = piece
        return {"tokens": torch.from_numpy(tokens), "label": torch.from_numpy(self.label[chosen])}

    def numbered_by(self, words: Sequence[str]) -> Self:
        """Return the same texts in the numbers of another vocabulary, without the words that it lacks.

        Args:
            words: of that vocabulary, in its order.

        Raises:
            DataError: none of its words is in the texts.
        """
        own = self.vocabulary
        if tuple(words) == own.words:
            return self
        place = {word: number for number, word in enumerate(words)}
        number = np.array([*(place.get(word, UNKNOWN) for word in own.words), END], np.int32)
        known = number[:-1] != UNKNOWN
        if not known.any():
            raise DataError(
                f"none of the {len(own.words)} words of the texts, such as {own.words[0]!r}, is among the {len(words)} "
                "that are known: read them as those were read (--tokens), or take texts in the same language"
            )
        counts = np.zeros(len(words), np.int64)
        counts[number[:-1][known]] = own.counts[known]
        vocabulary = replace(own, words=tuple(words), counts=counts, num_rare=own.num_rare + int((~known).sum()))
        return replace(self, vocabulary=vocabulary, number=number)

    def expand(self, batch: Batch) -> Batch:
        """Return the batch: words are kept as they are handed out."""
        return batch

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the pieces at ``indices`` alone; the vocabulary stays that of all."""
        per_sample = ("start", "length", "id", "label", "group", "official")
        return replace(self, **{name: getattr(self, name)[indices] for name in per_sample})

    def families(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers that texts share if any of their pieces are equal; see ``Samples.families``."""
        return joined_groups(self.group, self.first_equal())

    def first_equal(self) -> NDArray[np.int64]:
        """Return (N,) int64: for every piece the number of the first piece of the same words."""
        first: dict[bytes, int] = {}
        digests = (
            hashlib.blake2b(np.ascontiguousarray(self.piece(index)).data, digest_size=16).digest()
            for index in range(len(self))
        )
        return np.array([first.setdefault(digest, index) for index, digest in enumerate(digests)], np.int64)
