"""Read one file of a user as a grid, and write what was made of it as grid and mesh."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError, RunError, UsageError
from lessup.formats import binvox
from lessup.formats.file_tree import open_tree
from lessup.formats.grid import SUFFIXES as GRID_SUFFIXES
from lessup.formats.grid import read_grid, turn_up
from lessup.formats.mesh import SUFFIXES as MESH_SUFFIXES
from lessup.formats.mesh import read_mesh, write_mesh
from lessup.runs.files import write_whole
from lessup.samples import Reading
from lessup.samples.resample import resample
from lessup.samples.voxels import pack, unpack
from lessup.shapes.mesh_out import Placement, surface
from lessup.transforms.voxelize import MARGIN, voxelize

SHAPE_SUFFIXES = (*MESH_SUFFIXES, *GRID_SUFFIXES)
"""Every file that holds one shape, in lower case."""

MESH_SIDE = 30
"""Cells per side that a mesh gets if none are asked for, as in the VConv-DAE authors' grids."""


@dataclass(frozen=True, eq=False)
class Scan:
    """One shape of a user as a grid.

    Attributes:
        grid: (V, V, V) bool.
        placement: the grid's place in the file's own coordinates; None where the file has none but cells.
        problems: what is doubtful about it.
    """

    grid: NDArray[np.bool_]
    placement: Placement | None = None
    problems: tuple[str, ...] = ()


def shape_files(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """List the shape files among files and folders.

    Args:
        paths: a file is taken as it is; of a folder, every file below it with one of ``SHAPE_SUFFIXES`` that is not
            hidden.

    Yields:
        Each file, and its path relative to what was given: the file's name, or the way down from the folder.

    Raises:
        DataError: nothing is at a path, or a folder holds no shape.
    """
    for path in paths:
        if path.is_dir():
            names = (Path(name) for name in open_tree(path).names())
            found = sorted(name for name in names if name.suffix.lower() in SHAPE_SUFFIXES)
            if not found:
                raise DataError(
                    f"no shapes under {path}: wanted {', '.join(SHAPE_SUFFIXES)} (see `lessup doctor {path}`)"
                )
            yield from ((path / name, name) for name in found)
        elif path.exists():
            yield path, Path(path.name)
        else:
            raise DataError(f"nothing at {path}: give a shape file or a folder of them")


def read_scan(path: Path, reading: Reading) -> Scan:
    """Read a shape file as a grid.

    Args:
        path: a file with one of ``SHAPE_SUFFIXES``.
        reading: ``side`` resamples stored grids; 0 keeps them and voxelises meshes to 30 cells a side, of which
            ``padding`` on each side stay empty; ``up`` holds for both.

    Raises:
        DataError: the file is damaged, or holds no cube of 0 and 1 or no surface.
        UsageError: its suffix is not one of a shape, or the padding leaves no cell.
    """
    suffix = path.suffix.lower()
    if suffix in MESH_SUFFIXES:
        return _voxelised(path, reading)
    if suffix == ".binvox":
        return _resampled(_placed(binvox.load(path), reading), reading.side)
    if suffix in GRID_SUFFIXES:
        return _resampled(Scan(read_grid(path, up=reading.up)), reading.side)
    raise UsageError(f"{path}: wanted a shape, {', '.join(SHAPE_SUFFIXES)}")


def read_shape(path: Path, reading: Reading) -> NDArray[np.bool_]:
    """Read a shape file as a (V, V, V) bool grid; as ``read_scan``, without place and problems."""
    return read_scan(path, reading).grid


def write_grid(path: Path, grid: NDArray[np.bool_]) -> None:
    """Write a (V, V, V) bool grid as ``.npy``, whole or not at all.

    Raises:
        RunError: it cannot be written.
    """
    buffer = io.BytesIO()
    np.save(buffer, grid, allow_pickle=False)
    write_whole(path, buffer.getvalue())


def write_surface(path: Path, probabilities: NDArray[np.floating], placement: Placement | None) -> None:
    """Write the surface of a (V, V, V) grid of probabilities as a mesh in the format that the name ends in.

    Raises:
        DataError: no cell is occupied.
        RunError: it cannot be written.
    """
    vertices, faces = surface(probabilities, placement=placement)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mesh(path, vertices, faces)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error


def mesh_suffix(mesh_format: str) -> str:
    """Return the suffix of a mesh format, such as ``.obj`` for ``obj``.

    Raises:
        UsageError: no such format can be written.

    >>> mesh_suffix("OFF")
    '.off'
    """
    suffix = f".{mesh_format.lower().lstrip('.')}"
    if suffix not in MESH_SUFFIXES:
        known = ", ".join(known.lstrip(".") for known in MESH_SUFFIXES)
        raise UsageError(f"no mesh format {mesh_format!r}: wanted one of {known}")
    return suffix


def refuse_existing(paths: Iterable[Path]) -> None:
    """Check that nothing would be overwritten.

    Raises:
        RunError: a file exists already.
    """
    standing = [path for path in paths if path.exists()]
    if standing:
        more = f" and {len(standing) - 1} more" if len(standing) > 1 else ""
        raise RunError(f"{standing[0]}{more} exists already: pass another --out or --overwrite (nothing was written)")


def _placed(stored: binvox.Binvox, reading: Reading) -> Scan:
    x, y, z = stored.translate
    cell = stored.scale / len(stored.grid)
    if reading.up == "y":
        return Scan(turn_up(stored.grid), Placement((z, x, y), cell))
    return Scan(stored.grid, Placement((x, y, z), cell))


def _resampled(scan: Scan, side: int) -> Scan:
    old = len(scan.grid)
    if side in (0, old):
        return scan
    bits = torch.from_numpy(resample(pack(scan.grid[None]), old, side))
    grid: NDArray[np.bool_] = unpack(bits, side)[0].numpy()
    return Scan(grid, None if scan.placement is None else _placed_anew(scan.placement, scan.grid, grid), scan.problems)


def _placed_anew(placement: Placement, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Placement:
    """Return the place of a resampled grid: the same cube, or more or less padding around the same cells."""
    growth = len(after) - len(before)
    if growth % 2 == 0 and np.array_equal(_middle(before, len(after)), _middle(after, len(before))):
        x, y, z = (start - placement.cell * growth / 2 for start in placement.origin)
        return Placement((x, y, z), placement.cell)
    return Placement(placement.origin, placement.cell * len(before) / len(after))


def _middle(grid: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    cut = max(len(grid) - side, 0) // 2
    inner = slice(cut, len(grid) - cut)
    return grid[inner, inner, inner]


def _voxelised(path: Path, reading: Reading) -> Scan:
    side = reading.side or MESH_SIDE
    cells = side - 2 * reading.padding
    if cells < 1:
        raise UsageError(
            f"{side} cells with a padding of {reading.padding} leave none for the mesh: pass a larger --side"
        )
    vertices, faces = read_mesh(path, up=reading.up)
    solids = voxelize(vertices, faces, cells=cells, padding=reading.padding)
    return Scan(solids.grids[0], _place_of(vertices, faces, cells, reading.padding), solids.problems)


def _place_of(vertices: NDArray[np.float64], faces: NDArray[np.int64], cells: int, padding: int) -> Placement:
    """Return where ``voxelize`` puts the grid: the middle of the finite faces' box is the middle of the grid."""
    corners = vertices[faces]  # (F, 3, 3)
    corners = corners[np.isfinite(corners).all((1, 2))].reshape(-1, 3)
    low, high = corners.min(0), corners.max(0)
    cell = float((high - low).max()) / (cells * (1 - MARGIN))
    x, y, z = (low + high) / 2 - cell * (cells / 2 + padding)
    return Placement((float(x), float(y), float(z)), cell)
