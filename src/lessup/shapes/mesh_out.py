"""Turn a grid into a closed triangle mesh by marching cubes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from lessup.errors import DataError, ShapeError

LEVEL = 0.5
"""A cell is occupied where its probability is above this."""

_NEAREST = 1e-3
"""Probabilities are kept this far from the level: a vertex at a cell's centre would make triangles of no area."""


@dataclass(frozen=True)
class Placement:
    """Where a grid lies in the coordinates of the mesh that it was made from.

    Attributes:
        origin: (3,) coordinates of the outer corner of cell (0, 0, 0).
        cell: length of a cell's edge, > 0.
    """

    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    cell: float = 1.0


def surface(
    grid: NDArray[np.bool_] | NDArray[np.floating], *, placement: Placement | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the surface between the occupied cells and the rest, always closed.

    Args:
        grid: (V, V, V) bool, or probabilities in [0, 1]; a cell is occupied above 0.5.
        placement: the coordinates to give the vertices in; cells without one, so that cell (i, j, k) fills the cube
            from (i, j, k) to (i + 1, j + 1, k + 1).

    Returns:
        (N, 3) vertices and (M, 3) faces, each face counter-clockwise from outside; every edge has two faces.

    Raises:
        ShapeError: the grid does not have three axes.
        DataError: no cell is occupied.

    Source: Lorensen, Cline, *Marching Cubes: A High Resolution 3D Surface Construction Algorithm*, 1987. The 1987
    table as scikit-image has it leaves no edge with four faces, which Lewiner's does on bool grids.

    >>> vertices, faces = surface(np.ones((1, 1, 1), bool))
    >>> vertices.shape, faces.shape
    ((6, 3), (8, 3))
    """
    if grid.ndim != 3:
        raise ShapeError(f"wanted a grid (V, V, V), got {grid.shape}")
    if not (grid > LEVEL).any():
        raise DataError("the grid has no occupied cell, so it has no surface")
    field = np.pad(_off_level(grid), 1)
    vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
        field, LEVEL, method="lorensen", gradient_direction="ascent"
    )
    where = placement or Placement()
    # Sample (i, j, k) is the centre of its cell, half a cell further; the padding put one cell before it.
    placed = np.asarray(where.origin) + where.cell * (vertices.astype(np.float64) - 0.5)
    return placed, faces.astype(np.int64)


def _off_level(grid: NDArray[np.bool_] | NDArray[np.floating]) -> NDArray[np.float32]:
    field = grid.astype(np.float32)
    return np.where(field > LEVEL, np.maximum(field, LEVEL + _NEAREST), np.minimum(field, LEVEL - _NEAREST))
