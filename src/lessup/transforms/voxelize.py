"""Turn a triangle mesh into solid occupancy grids.

The surface is every cell that a triangle overlaps (separating-axis test), the inside every cell that a flood from
outside cannot reach through faces of cells (6-connected), so a hollow in a closed body is filled.

Scale and place follow the grids of the VConv-DAE authors, which come from 3DShapeNets. In their ModelNet10 volumes

* **every view** is 24 cells along its own longest side, not just the view where the object is longest: bathtub 1
  is 24 x 20 x 6 cells at 30 degrees but 24 x 12 x 8 at 0 degrees. So each rotation has a **scale of its own**;
* the object lies in the middle along all three axes, height included (cells 3 to 26 along the longest side, and
  nearly all extents are even, as those of a box around the middle of an even grid are). So the middle of the
  **bounding box** is put at the middle of the grid.

A face that lies on the border between two cells marks both. The mesh is shrunk by ``MARGIN`` about its middle first,
so that the faces of its bounding box lie inside their cells and do not mark the padding.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, ShapeError

MARGIN = 1e-6
"""Share by which the mesh is smaller than ``cells``; far above rounding, far below a cell."""


@dataclass(frozen=True)
class Solids:
    """The solid grids of one mesh.

    Attributes:
        grids: (R, V, V, V) bool, one rotation each; axes x, y, z with z up.
        problems: what is doubtful about the mesh although it could be voxelised; empty for a sound one.
    """

    grids: NDArray[np.bool_]
    problems: tuple[str, ...]


def voxelize(
    vertices: NDArray[np.float64],
    faces: NDArray[np.int64],
    *,
    num_views: int = 1,
    cells: int = 24,
    padding: int = 3,
) -> Solids:
    """Voxelise a mesh as a solid, once for each of ``num_views`` even rotations about the z axis.

    Args:
        vertices: (M, 3) float64, any unit, z up; faces with a NaN or infinite vertex are left out.
        faces: (F, 3) int64 indices of vertices.
        num_views: R rotations; 12 are 30 degrees apart. The first is the mesh as it stands.
        cells: cells along the longest side of each rotated mesh.
        padding: empty cells on every side, so V is ``cells + 2 * padding``.

    Returns:
        (R, V, V, V) grids and the problems found.

    Raises:
        ShapeError: an array has another shape, an index is out of range, or a size is not positive.
        DataError: nothing can be voxelised: no faces, no finite face, or all vertices in one point.

    >>> corners = np.array([[x, y, z] for x in (0, 2) for y in (0, 1) for z in (0, 1)], float)
    >>> sides = [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
    ...          [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
    >>> voxelize(corners, np.array(sides), cells=4, padding=0).grids[0].sum(axis=(0, 1)).tolist()
    [0, 8, 8, 0]
    """
    _check(vertices, faces, num_views, cells, padding)
    vertices, faces, problems = _finite_part(np.asarray(vertices, np.float64), faces)
    with np.errstate(over="ignore"):
        extent = np.ptp(vertices, axis=0)
    if not 0 < extent.max() < np.inf:
        raise DataError(f"mesh of extent {extent.max():g}: wanted vertices at more than one finite place")
    if (extent == 0).any():
        problems.append(f"flat: no extent along {'xyz'[int(extent.argmin())]}")
    if open_edges := count_open_edges(vertices, faces):
        problems.append(f"not watertight: {open_edges} open edges")
    turned = (rotate_upright(vertices, view / num_views) for view in range(num_views))
    grids = [solidify(fit(view, cells=cells, padding=padding), faces, side=cells + 2 * padding) for view in turned]
    return Solids(np.stack(grids), tuple(problems))


def solidify(vertices: NDArray[np.float64], faces: NDArray[np.int64], *, side: int) -> NDArray[np.bool_]:
    """Return the (V, V, V) bool solid of a mesh that is given in cells.

    What lies beyond the grid is not marked, so a body that reaches out of it is open there.

    Args:
        vertices: (M, 3) float64 finite, in cells: cell ``i`` spans ``i`` to ``i + 1``.
        faces: (F, 3) int64 indices of vertices.
        side: V.
    """
    from lessup.transforms import voxel_kernels  # imports numba, which takes longer than all of `import lessup` may

    state = np.zeros((side + 2,) * 3, np.uint8)
    voxel_kernels.mark_surface(np.ascontiguousarray(vertices), np.ascontiguousarray(faces, np.int64), state)
    voxel_kernels.flood_outside(state)
    solid: NDArray[np.bool_] = state[1:-1, 1:-1, 1:-1] != voxel_kernels.OUTSIDE
    return solid


def fit(vertices: NDArray[np.float64], *, cells: int, padding: int) -> NDArray[np.float64]:
    """Scale (M, 3) vertices by one factor to ``cells`` along the longest side and centre them in the padded grid.

    >>> fit(np.array([[0.0, 0, 0], [8, 4, 2]]), cells=4, padding=1).round(3).tolist()
    [[1.0, 2.0, 2.5], [5.0, 4.0, 3.5]]
    """
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = cells * (1 - MARGIN) / (high - low).max()
    fitted: NDArray[np.float64] = (vertices - (low + high) / 2) * scale + (cells / 2 + padding)
    return fitted


def rotate_upright(vertices: NDArray[np.float64], turns: float) -> NDArray[np.float64]:
    """Rotate (M, 3) vertices about the z axis, counter-clockwise seen from above, by a number of whole turns.

    >>> rotate_upright(np.array([[1.0, 0.0, 5.0]]), 0.25).tolist()
    [[0.0, 1.0, 5.0]]
    """
    # Rounding makes quarter turns exact: numpy's cos(pi / 2) is 6e-17.
    cos, sin = np.round([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], 15)
    turned: NDArray[np.float64] = vertices @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return turned


def count_open_edges(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> int:
    """Count the edges that border an odd number of faces; 0 for a mesh that closes around what it holds.

    Vertices at the same place count as one, so the seams of textured models are not open.

    >>> count_open_edges(np.eye(3), np.array([[0, 1, 2]]))
    3
    """
    _, merged = np.unique(vertices, axis=0, return_inverse=True)
    merged_faces = merged.reshape(-1)[faces]
    ends = np.sort(merged_faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    ends = ends[ends[:, 0] < ends[:, 1]]
    _, counts = np.unique(ends[:, 0] * len(vertices) + ends[:, 1], return_counts=True)
    return int((counts % 2).sum())


def _check(vertices: NDArray[np.float64], faces: NDArray[np.int64], num_views: int, cells: int, padding: int) -> None:
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise ShapeError(f"vertices of shape {vertices.shape}: wanted (M, 3)")
    if faces.ndim != 2 or faces.shape[1] != 3 or not np.issubdtype(faces.dtype, np.integer):
        raise ShapeError(f"faces of shape {faces.shape} and type {faces.dtype}: wanted (F, 3) integers")
    if num_views < 1 or cells < 1 or padding < 0:
        raise ShapeError(f"{num_views} views of {cells} cells padded by {padding}: wanted at least 1, 1 and 0")
    if not len(faces):
        raise DataError("mesh without faces: only a surface can be voxelised, not a cloud of points")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ShapeError(f"face index {faces.min()} to {faces.max()}: wanted 0 to {len(vertices) - 1}")


def _finite_part(
    vertices: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str]]:
    """Return the vertices that finite faces use, these faces with their new indices, and what was left out."""
    usable = np.isfinite(vertices[faces]).all(axis=(1, 2))
    if not usable.any():
        raise DataError("no face with finite vertices: all are NaN or infinite")
    used = np.zeros(len(vertices), bool)
    used[faces[usable]] = True
    renumbered = (np.cumsum(used) - 1)[faces[usable]]
    problems = [] if usable.all() else [f"NaN or infinite vertices: {(~usable).sum()} of {len(faces)} faces left out"]
    return vertices[used], renumbered, problems
