"""Occupancy grids, bit-packed in memory: 27,000 cells are 3,375 bytes."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lessup.samples import Batch, Damage, Samples
from lessup.samples.joined_groups import joined_groups


def pack(grids: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pack (N, V, V, V) bool grids into (N, ceil(V^3 / 8)) bytes, first cell in the highest bit.

    >>> pack(np.ones((1, 2, 2, 2), bool))
    array([[255]], dtype=uint8)
    """
    return np.packbits(grids.reshape(len(grids), -1), axis=1)


def unpack(bits: Tensor, side: int) -> Tensor:
    """Unpack (B, ceil(V^3 / 8)) uint8 bytes into (B, V, V, V) bool grids, on the device of ``bits``.

    >>> unpack(torch.tensor([[255]], dtype=torch.uint8), 2).all().item()
    True
    """
    shifts = torch.arange(7, -1, -1, device=bits.device, dtype=torch.uint8)
    cells = (bits[:, :, None] >> shifts) & 1  # (B, bytes, 8)
    return cells.flatten(1)[:, : side**3].view(-1, side, side, side).bool()


def random_cuboids(count: int) -> Tensor:
    """Return (B, 30, 30, 30) bool: solid cuboids of random size within the middle 24 cells, each around the centre."""
    low = torch.randint(3, 15, (count, 3, 1))
    high = torch.randint(15, 27, (count, 3, 1))
    cells = torch.arange(30)
    x, y, z = ((low <= cells) & (cells <= high)).unbind(1)  # each (B, V)
    return x[:, :, None, None] & y[:, None, :, None] & z[:, None, None, :]


def first_equal(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return for every grid the number of the first grid that is equal to it.

    Args:
        bits: (N, ceil(V^3 / 8)) uint8.

    Returns:
        (N,) int64; a grid that is the first of its kind has its own number.

    >>> first_equal(np.array([[1], [2], [1]], np.uint8))
    array([0, 1, 0])
    """
    first: dict[bytes, int] = {}
    digests = (hashlib.blake2b(row.data, digest_size=16).digest() for row in np.ascontiguousarray(bits))
    return np.array([first.setdefault(digest, i) for i, digest in enumerate(digests)], np.int64)


@dataclass(frozen=True)
class Corrupted:
    """Corrupted copies that came with the data.

    Attributes:
        available: (M,) bool, which rows of the file have a copy.
        load: reads the (M, ceil(V^3 / 8)) uint8 bytes of every row of the file, zeros where not available.
    """

    available: NDArray[np.bool_]
    load: Callable[[], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Voxels(Samples):
    """N solid grids of V cells a side, each a view of an object.

    Attributes:
        bits: (N, ceil(V^3 / 8)) uint8.
        side: V.
        view: (N,) int64, number of the rotation about the upright axis.
        row: (N,) int64, row of each sample in the file that ``corrupted`` reads.
        corrupted: the data's own corrupted copies, by name such as ``rand_30``.
    """

    bits: NDArray[np.uint8]
    side: int
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    group: NDArray[np.int64]
    view: NDArray[np.int64]
    official: NDArray[np.str_]
    fingerprint: str
    row: NDArray[np.int64]
    corrupted: Mapping[str, Corrupted] = field(default_factory=dict)
    damage: tuple[Damage, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch."""
        return ("voxels", "label")

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return ``bits`` (B, ceil(V^3 / 8)) uint8 and ``label`` (B,) int64."""
        chosen = np.asarray(indices)
        return {"bits": torch.from_numpy(self.bits[chosen]), "label": torch.from_numpy(self.label[chosen])}

    def expand(self, batch: Batch) -> Batch:
        """Return ``voxels`` (B, V, V, V) bool and ``label`` (B,) int64."""
        return {"voxels": unpack(batch["bits"], self.side), "label": batch["label"]}

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the samples at ``indices`` alone."""
        per_sample = ("bits", "id", "label", "group", "view", "official", "row")
        return replace(self, **{name: getattr(self, name)[indices] for name in per_sample})

    def first_views(self, views: int) -> Self:
        """Return the first ``views`` views of each object alone, for a quick look; all of them for 0."""
        order = np.lexsort((self.view, self.group))
        group = self.group[order]
        first = np.searchsorted(group, group)  # (N,) where each object starts
        return self.take(np.sort(order[np.arange(len(order)) - first < views])) if views else self

    def families(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers that objects share if any of their grids are equal; see ``Samples.families``."""
        return joined_groups(self.group, first_equal(self.bits))

    def corrupted_copies(self, name: str) -> tuple[NDArray[np.int64], Tensor]:
        """Return the data's own corrupted copies of these samples.

        Args:
            name: which corruption, a key of ``corrupted``.

        Returns:
            (M,) positions among these samples that have a copy, and their (M, ceil(V^3 / 8)) uint8 bytes.
        """
        source = self.corrupted[name]
        positions = np.flatnonzero(source.available[self.row])
        return positions, torch.from_numpy(source.load()[self.row[positions]])
