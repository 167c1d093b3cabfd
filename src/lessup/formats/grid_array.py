"""Single occupancy grids in NumPy's own files: ``.npy``, and ``.npz`` with one array.

Every reader of this room that gives a grid ends in ``checked``: a grid is a cube of zeros and ones or it is an error.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import npz

MAX_SIDE = 512
"""Cells per side above which a header is taken for damaged or hostile: 512^3 cells are 134 MB unpacked."""


def read(path: str | Path) -> NDArray[np.bool_]:
    """Read the one grid of a ``.npy`` or ``.npz`` file.

    Returns:
        (V, V, V) bool, axes as stored.

    Raises:
        DataError: the file is cut short, holds a pickle or several arrays, or what it holds is no grid of 0 and 1.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz":
        found = npz.headers(path)
        if len(found) != 1:
            raise DataError(f"{path}: holds {len(found)} arrays; wanted one grid: give a packed file by its own path")
        (key,) = found
        check_shape(found[key].shape, path)
        return checked(npz.read(path, key), path)
    with npz.named_errors(path), path.open("rb") as file:
        header = npz.read_header(file)
        npz.refuse_pickle(header, path)
        check_shape(header.shape, path)
        file.seek(0)
        array = np.lib.format.read_array(file, allow_pickle=False)
    return checked(array, path)


def write(path: str | Path, grid: NDArray[np.bool_]) -> None:
    """Write a (V, V, V) bool grid as ``.npy``, or compressed where the name ends in ``.npz``.

    Raises:
        DataError: the array is no grid of 0 and 1.
    """
    path = Path(path)
    cells = checked(grid, path)
    with path.open("wb") as file:
        if path.suffix.lower() == ".npz":
            np.savez_compressed(file, voxels=cells)
        else:
            np.save(file, cells, allow_pickle=False)


def check_shape(shape: tuple[int, ...], name: str | Path) -> None:
    """Check that a stored shape is a cube of at most ``MAX_SIDE`` cells a side, before its cells are read.

    Raises:
        DataError: it is not.
    """
    text = "x".join(str(length) for length in shape) or "a single number"
    if len(shape) != 3 or len(set(shape)) != 1:
        raise DataError(f"{name}: holds {text}; wanted a cube of V x V x V cells: pad the shorter axes")
    if not 1 <= shape[0] <= MAX_SIDE:
        raise DataError(f"{name}: holds {text}; wanted 1 to {MAX_SIDE} cells a side")


def checked(array: NDArray[Any], name: str | Path) -> NDArray[np.bool_]:
    """Return an array as a bool grid if it is one already, but for its type; nothing is thresholded.

    Args:
        array: (V, V, V) bool, or a number type with the values 0 and 1 alone.
        name: file or sample, for the message.

    Returns:
        (V, V, V) bool, in C order.

    Raises:
        DataError: not a cube, not numbers, NaN or values other than 0 and 1.

    >>> checked(np.ones((2, 2, 2), np.float32), "chair.npy").dtype
    dtype('bool')
    """
    check_shape(array.shape, name)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name}: holds {array.dtype}; wanted numbers, 0 and 1")
    if array.dtype.kind == "f" and (missing := int(np.isnan(array).sum())):
        raise DataError(f"{name}: {missing} of {array.size} cells are NaN; wanted 0 and 1")
    other = (array != 0) & (array != 1)
    if other.any():
        raise DataError(
            f"{name}: {int(other.sum())} of {array.size} cells are neither 0 nor 1 (such as {array[other][0]:g}): "
            "threshold the grid first"
        )
    return np.ascontiguousarray(array, dtype=np.bool_)
