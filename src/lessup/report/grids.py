"""Grids among the figures of a run, checked before they are drawn."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError

Figures = Mapping[str, NDArray[np.generic]]
"""Arrays by name, as a protocol leaves them."""

LARGEST_SIDE = 255
"""Corners of cells are stored in a byte."""


def read_side(figures: Figures) -> int:
    """Return V, the cells per side of the grids among the figures.

    Raises:
        DataError: it is missing or no number from 1 to ``LARGEST_SIDE``.
    """
    side = figures.get("side")
    if side is None or side.size != 1 or side.dtype.kind not in "iu" or not 1 <= int(side.item()) <= LARGEST_SIDE:
        raise DataError(f"figure 'side' is no number of cells from 1 to {LARGEST_SIDE}: evaluate again")
    return int(side.item())


def unpacked(figures: Figures, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Unpack a figure of (..., ceil(V^3 / 8)) uint8 bytes to (..., V, V, V) bool grids.

    Args:
        figures: the figures of a protocol, with ``side``.
        name: of the figure.
        shape: the axes before the bytes.

    Raises:
        DataError: the figure is missing or has another shape or type.
    """
    side = read_side(figures)
    wanted = (*shape, -(-(side**3) // 8))
    bits = figures.get(name)
    if bits is None or bits.dtype != np.uint8 or bits.shape != wanted:
        raise DataError(f"figure {name!r} is no uint8 array of shape {wanted}: evaluate again")
    cells = np.unpackbits(bits.view(np.uint8), axis=-1)[..., : side**3]
    return cells.reshape(*shape, side, side, side).astype(bool)


def named(figures: Figures, name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Return a figure of numbers or names.

    Raises:
        DataError: it is missing or has another shape.
    """
    found = figures.get(name)
    if found is None or found.shape != shape:
        raise DataError(f"figure {name!r} is no array of shape {shape}: evaluate again")
    return found
