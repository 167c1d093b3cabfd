"""Blend two shapes: a strip of grids and meshes decoded between their codes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.methods import ShapeAutoencoder
from lessup.samples import Reading
from lessup.shapes.files import mesh_suffix, read_scan, refuse_existing, write_grid, write_surface
from lessup.shapes.mesh_out import LEVEL
from lessup.shapes.repair import check_side


@dataclass(frozen=True)
class BlendStep:
    """One shape of the strip.

    Attributes:
        weight: 0 is the first shape, 1 the second.
        grid: the grid that was written.
        mesh: the mesh that was written; None where no cell is occupied.
    """

    weight: float
    grid: Path
    mesh: Path | None


def blend(
    method: ShapeAutoencoder,
    first: Path,
    second: Path,
    out: Path,
    *,
    steps: int = 10,
    reading: Reading | None = None,
    mesh_format: str = "obj",
    overwrite: bool = False,
) -> tuple[BlendStep, ...]:
    """Write a strip ``blend_01.npy``, ``blend_01.obj`` ... from the first shape to the second, both included.

    Args:
        method: a trained network in ``eval`` mode, on its device.
        first: shape file.
        second: shape file.
        out: folder to write to; made if absent.
        steps: length of the strip, at least 2.
        reading: how the files are read.
        mesh_format: suffix of the meshes.
        overwrite: write over files that exist.

    Raises:
        UsageError: fewer than two steps, or the mesh format is unknown.
        DataError: a file cannot be used, or has a size that the method does not read.
        RunError: a file exists and ``overwrite`` is off, or cannot be written.
    """
    if steps < 2:
        raise UsageError(f"a strip of {steps} steps: wanted at least 2, the two shapes themselves")
    targets = [out / f"blend_{step:02}" for step in range(1, steps + 1)]
    meshes = [target.with_suffix(mesh_suffix(mesh_format)) for target in targets]
    grids = [target.with_suffix(".npy") for target in targets]
    if not overwrite:
        refuse_existing([*grids, *meshes])
    ends = [_read(method, path, reading or Reading()) for path in (first, second)]
    strip = []
    for weight, grid, mesh in zip(np.linspace(0, 1, steps).tolist(), grids, meshes, strict=True):
        with torch.inference_mode():
            probabilities = method.blend(ends[0], ends[1], weight)[0].float().cpu().numpy()
        strip.append(_write(weight, grid, mesh, probabilities))
    return tuple(strip)


def _read(method: ShapeAutoencoder, path: Path, reading: Reading) -> torch.Tensor:
    """Return the (1, V, V, V) bool grid of a file, on the method's device."""
    grid = read_scan(path, reading).grid
    try:
        check_side(method, grid)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return torch.from_numpy(grid)[None].to(method.device)


def _write(weight: float, grid: Path, mesh: Path, probabilities: NDArray[np.float32]) -> BlendStep:
    occupied = probabilities > LEVEL
    write_grid(grid, occupied)
    if not occupied.any():
        return BlendStep(weight, grid, None)
    write_surface(mesh, probabilities, None)
    return BlendStep(weight, grid, mesh)
