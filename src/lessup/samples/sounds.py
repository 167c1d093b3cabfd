"""Sounds, decoded once: one channel at 20 kHz, memory-mapped, long recordings in pieces."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.samples import Batch, Damage, Samples
from lessup.samples.joined_groups import joined_groups
from lessup.transforms.sound_textures import RATE


@dataclass(frozen=True, eq=False)
class Waves:
    """N waves that differ in length, one after the other in one flat array.

    Attributes:
        flat: float32, usually memory-mapped.
        start: (N,) int64, where each begins.
        length: (N,) int64, samples of each.
    """

    flat: NDArray[np.float32]
    start: NDArray[np.int64]
    length: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Return one (T,) wave, a view of the flat array."""
        return self.flat[self.start[index] : self.start[index] + self.length[index]]

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the waves at ``indices`` alone; they are not copied."""
        return replace(self, start=self.start[indices], length=self.length[indices])

    def padded(self, indices: NDArray[np.int64]) -> torch.Tensor:
        """Return (B, T), T the longest among them, with 0 behind shorter ones."""
        batch = np.zeros((len(indices), int(self.length[indices].max(initial=0))), np.float32)
        for row, index in enumerate(indices):
            batch[row, : self.length[index]] = self[int(index)]
        return torch.from_numpy(batch)


@dataclass(frozen=True, eq=False)
class Sounds(Samples):
    """N sounds, each a recording or a piece of one.

    Attributes:
        waves: the N sounds at 20 kHz.
        rate: (N,) int64, samples a second as stored, Hz.
        channels: (N,) int64 as stored.
    """

    noun: ClassVar[str] = "recordings"

    waves: Waves
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    group: NDArray[np.int64]
    official: NDArray[np.str_]
    fingerprint: str
    rate: NDArray[np.int64]
    channels: NDArray[np.int64]
    damage: tuple[Damage, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch."""
        return ("sound", "length", "label")

    @property
    def seconds(self) -> NDArray[np.float64]:
        """(N,) length of each."""
        return self.waves.length / RATE

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return ``sound`` (B, T) float32, ``length`` (B,) int64 and ``label`` (B,) int64, see the glossary."""
        chosen = np.asarray(indices, np.int64)
        return {
            "sound": self.waves.padded(chosen),
            "length": torch.from_numpy(self.waves.length[chosen]),
            "label": torch.from_numpy(self.label[chosen]),
        }

    def expand(self, batch: Batch) -> Batch:
        """Return the batch: sounds are kept as they are handed out."""
        return batch

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the sounds at ``indices`` alone."""
        per_sample = ("id", "label", "group", "official", "rate", "channels")
        return replace(
            self, waves=self.waves.take(indices), **{name: getattr(self, name)[indices] for name in per_sample}
        )

    def families(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers that groups share if any of their sounds are equal; see ``Samples.families``."""
        return joined_groups(self.group, self.first_equal())

    def first_equal(self) -> NDArray[np.int64]:
        """Return (N,) int64: for every sound the number of the first sound of the same samples."""
        first: dict[bytes, int] = {}
        digests = (
            hashlib.blake2b(np.ascontiguousarray(self.waves[index]).data, digest_size=16).digest()
            for index in range(len(self))
        )
        return np.array([first.setdefault(digest, index) for index, digest in enumerate(digests)], np.int64)
