"""One occupancy grid from a file of any format: ``.npy``, ``.npz``, ``.binvox`` and ``.mat``."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lessup.errors import UsageError
from lessup.formats import binvox, grid_array, mat

SUFFIXES = (".npy", ".npz", ".binvox", ".mat")
"""File names that ``read_grid`` knows, in lower case."""


def read_grid(path: str | Path, *, up: Literal["auto", "y", "z"] = "auto") -> NDArray[np.bool_]:
    """Read the one grid of a file, with z up.

    Args:
        path: a file with one of ``SUFFIXES``.
        up: which axis of the file points up; ``y`` is turned to z, as ShapeNet's ``.binvox`` files want. No format
            says, so ``auto`` leaves grids as stored.

    Returns:
        (V, V, V) bool, axes x, y, z.

    Raises:
        DataError: the file is damaged or holds no grid; the message names it.
        UsageError: the suffix is not a grid's.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".binvox":
        grid = binvox.read(path)
    elif suffix == ".mat":
        grid = mat.read(path)
    elif suffix in SUFFIXES:
        grid = grid_array.read(path)
    else:
        raise UsageError(f"{path}: wanted a grid, {', '.join(SUFFIXES)}")
    return turn_up(grid) if up == "y" else grid


def turn_up(grid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Turn a (V, V, V) grid with y up to z up, as ``lessup.formats.mesh.turn_up`` turns vertices.

    >>> grid = np.zeros((4, 4, 4), bool)
    >>> grid[1, 2, 3] = True
    >>> np.argwhere(turn_up(grid)).tolist()
    [[3, 1, 2]]
    """
    return np.ascontiguousarray(grid.transpose(2, 0, 1))
