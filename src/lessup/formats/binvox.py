"""The ``.binvox`` format: a short text header, then the cells as run lengths.

Source: Patrick Min, *BINVOX voxel file format specification*, https://www.patrickmin.com/binvox/binvox.html. Cells are
stored with y running fastest, then z, then x; each run is one byte of value and one byte of count.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lessup.formats.grid_array import check_shape, checked
from lessup.formats.npz import named_errors

_MAX_HEADER_LINES = 32
_MAX_RUN = 255


@dataclass(frozen=True, eq=False)
class Binvox:
    """A grid and where it stood in the mesh's own coordinates.

    Attributes:
        grid: (V, V, V) bool, axes x, y, z.
        translate: lower corner of the grid, in the mesh's unit.
        scale: length of the grid's side, in the mesh's unit.
    """

    grid: NDArray[np.bool_]
    translate: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 1.0


def read(path: str | Path) -> NDArray[np.bool_]:
    """Read the (V, V, V) bool grid of a ``.binvox`` file, axes x, y, z of the mesh that it was made from.

    Raises:
        DataError: the file is damaged, cut short or not a cube.
    """
    return load(path).grid


def load(path: str | Path) -> Binvox:
    """Read a ``.binvox`` file with its place.

    Raises:
        DataError: the file is damaged, cut short or not a cube.
    """
    path = Path(path)
    with named_errors(path), path.open("rb") as file:
        shape, translate, scale = _read_header(file)
        check_shape(shape, path)
        # Two bytes a run and at least one cell a run bound what is worth reading.
        runs = np.frombuffer(file.read(2 * int(np.prod(shape)) + 2), np.uint8)
        values, counts = runs[0::2], runs[1::2]
        if len(values) != len(counts) or counts.sum(dtype=np.int64) != np.prod(shape):
            raise ValueError(f"{counts.sum(dtype=np.int64)} cells, the header says {np.prod(shape)}")
    cells = checked(np.repeat(values, counts).reshape(shape), path)  # (x, z, y)
    return Binvox(np.ascontiguousarray(cells.transpose(0, 2, 1)), translate, scale)


def write(path: str | Path, grid: NDArray[np.bool_], place: Binvox | None = None) -> None:
    """Write a (V, V, V) bool grid with axes x, y, z.

    Args:
        path: file to write.
        grid: the cells.
        place: whose ``translate`` and ``scale`` to keep; the unit cube at the origin if not given.

    Raises:
        DataError: the array is no grid of 0 and 1.
    """
    cells = checked(grid, path)
    where = place or Binvox(cells)
    dim = " ".join(str(length) for length in cells.shape)
    translate = " ".join(f"{value:.17g}" for value in where.translate)
    header = f"#binvox 1\ndim {dim}\ntranslate {translate}\nscale {where.scale:.17g}\ndata\n"
    Path(path).write_bytes(header.encode() + _run_lengths(cells.transpose(0, 2, 1).ravel()))


def _read_header(file: IO[bytes]) -> tuple[tuple[int, int, int], tuple[float, float, float], float]:
    if not file.readline(64).startswith(b"#binvox"):
        raise ValueError("no #binvox line")
    fields: dict[str, list[str]] = {}
    for _ in range(_MAX_HEADER_LINES):
        words = file.readline(1024).decode("ascii").split()
        if words == ["data"]:
            break
        if words:
            fields[words[0]] = words[1:]
    else:
        raise ValueError("no data line")
    if "dim" not in fields:
        raise ValueError("no dim line")
    x, z, y = (int(word) for word in fields["dim"])
    left, front, bottom = (float(word) for word in fields.get("translate", ["0", "0", "0"]))
    (scale,) = (float(word) for word in fields.get("scale", ["1"]))
    return (x, z, y), (left, front, bottom), scale


def _run_lengths(cells: NDArray[np.bool_]) -> bytes:
    """Encode (M,) bool cells as pairs of value and count, no count above 255."""
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
    lengths = np.diff(np.append(starts, len(cells)))
    parts = -(-lengths // _MAX_RUN)  # runs that each length needs
    counts = np.full(parts.sum(), _MAX_RUN)
    last = np.cumsum(parts) - 1
    counts[last] = lengths - (parts - 1) * _MAX_RUN
    values = np.repeat(cells[starts], parts)
    return np.stack([values, counts], axis=1).astype(np.uint8).tobytes()
