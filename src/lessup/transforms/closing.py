"""Morphological closing: what a local filter without any knowledge of shapes can repair."""

from torch import Tensor
from torch.nn import functional as F

REACH = 2
"""Cells by which a grid is padded, so that its rim is closed like its middle."""


def closing(voxels: Tensor) -> Tensor:
    """Fill every gap that a cube of 3x3x3 cells cannot enter: grow by one cell, then shrink by one.

    Args:
        voxels: (B, V, V, V) bool.

    Returns:
        (B, V, V, V) bool; no cell is lost.
    """
    side = voxels.shape[1]
    closed = ~_grow(~_grow(F.pad(voxels, (REACH,) * 6)))
    kept = slice(REACH, REACH + side)
    return closed[:, kept, kept, kept]


def _grow(voxels: Tensor) -> Tensor:
    """Occupy the 26 neighbours of every occupied cell."""
    for axis in (1, 2, 3):
        padded = F.pad(voxels, tuple(int(place // 2 == 3 - axis) for place in range(6)))
        size = voxels.shape[axis]
        voxels = padded.narrow(axis, 0, size) | voxels | padded.narrow(axis, 2, size)
    return voxels
