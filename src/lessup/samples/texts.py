"""Texts as numbers of words, memory-mapped, in pieces of a thousand."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.samples import Batch, Damage, Samples
from lessup.samples.joined_groups import joined_groups
from lessup.samples.vocabulary import Vocabulary

PIECE = 1000
"""Words and ends of sentences in a piece, as the program of word2vec cuts sentences."""

END = -1
"""Stands between sentences, and behind the last word of a piece that is shorter."""


@dataclass(frozen=True, eq=False)
class Texts(Samples):
    """N pieces of text.

    Attributes:
        flat: int32 places in the vocabulary, ``END`` behind each sentence; words that are too rare are left out.
        start: (N,) int64, where each piece begins.
        length: (N,) int64, at most ``PIECE``.
        vocabulary: what is counted in ``flat``.
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

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch."""
        return ("tokens", "label")

    def piece(self, index: int) -> NDArray[np.int32]:
        """Return one (T,) piece, a view of the flat array."""
        return self.flat[self.start[index] : self.start[index] + self.length[index]]

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return ``tokens`` (B, T) int64 and ``label`` (B,) int64, see the glossary."""
        chosen = np.asarray(indices, np.int64)
        tokens = np.full((len(chosen), int(self.length[chosen].max(initial=0))), END, np.int64)
        for row, index in enumerate(chosen):
            tokens[row, : self.length[index]] = self.piece(int(index))
        return {"tokens": torch.from_numpy(tokens), "label": torch.from_numpy(self.label[chosen])}

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
