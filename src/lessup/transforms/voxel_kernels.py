"""The voxelizer's inner loops, compiled by numba on first use and cached on disk.

Only ``voxelize`` imports this module, and only when it has something to voxelise: importing numba takes longer than
all of ``import lessup`` may.
"""

import numpy as np
from numpy.typing import NDArray

from lessup.transforms.compiled import compiled

EMPTY, SURFACE, OUTSIDE = 0, 1, 2

TOLERANCE = 1e-9
"""Cells are this much larger than they are on every side, so that a face on the border of two cells marks both."""

_SLACK = 1e-12
"""Rounding error of an axis that is nearly zero, as the normal of a sliver is: such an axis must not separate."""


@compiled
def _bound_axis(axis: NDArray[np.float64], corners: NDArray[np.float64], bounds: NDArray[np.float64]) -> None:
    """Write the lowest and highest ``axis . centre`` of the unit cells that overlap the triangle along ``axis``."""
    low, high = np.inf, -np.inf
    for corner in range(3):
        place = axis[0] * corners[corner, 0] + axis[1] * corners[corner, 1] + axis[2] * corners[corner, 2]
        low, high = min(low, place), max(high, place)
    radius = (0.5 + TOLERANCE) * (abs(axis[0]) + abs(axis[1]) + abs(axis[2])) + _SLACK
    bounds[0], bounds[1] = low - radius, high + radius


@compiled
def _separating_axes(corners: NDArray[np.float64], axes: NDArray[np.float64], bounds: NDArray[np.float64]) -> None:
    """Fill (10, 3) axes and their (10, 2) bounds: first the 3 that do not depend on z, the normal last.

    With the 3 sides of the cell, which the loop over the triangle's bounding box stands for, they are the 13 axes of
    Akenine-Moeller.
    """
    for edge in range(3):
        to = (edge + 1) % 3
        x, y, z = (
            corners[to, 0] - corners[edge, 0],
            corners[to, 1] - corners[edge, 1],
            corners[to, 2] - corners[edge, 2],
        )
        axes[edge, 0], axes[edge, 1], axes[edge, 2] = -y, x, 0.0  # z axis x edge
        axes[edge + 3, 0], axes[edge + 3, 1], axes[edge + 3, 2] = z, 0.0, -x  # y axis x edge
        axes[edge + 6, 0], axes[edge + 6, 1], axes[edge + 6, 2] = 0.0, -z, y  # x axis x edge
    # The first two edges are (axes[e, 1], -axes[e, 0], axes[e + 3, 0]); the normal is their cross product.
    axes[9, 0] = -axes[0, 0] * axes[4, 0] + axes[3, 0] * axes[1, 0]
    axes[9, 1] = axes[3, 0] * axes[1, 1] - axes[0, 1] * axes[4, 0]
    axes[9, 2] = -axes[0, 1] * axes[1, 0] + axes[0, 0] * axes[1, 1]
    for number in range(10):
        _bound_axis(axes[number], corners, bounds[number])


@compiled
def _overlaps(
    axes: NDArray[np.float64], bounds: NDArray[np.float64], first: int, last: int, x: float, y: float, z: float
) -> bool:
    for number in range(first, last):
        place = axes[number, 0] * x + axes[number, 1] * y + axes[number, 2] * z
        if place < bounds[number, 0] or place > bounds[number, 1]:
            return False
    return True


@compiled
def mark_surface(vertices: NDArray[np.float64], faces: NDArray[np.int64], state: NDArray[np.uint8]) -> None:
    """Mark the cells that a triangle overlaps, by the separating-axis test.

    Args:
        vertices: (M, 3) float64 in cells; cell ``i`` spans ``i`` to ``i + 1``.
        faces: (F, 3) int64 indices of vertices.
        state: (V + 2, V + 2, V + 2) uint8 with a ring of cells around the grid; cells are set to ``SURFACE``.

    Source: Akenine-Moeller, *Fast 3D Triangle-Box Overlap Testing*, Journal of Graphics Tools 6(1), 2001.
    """
    side = state.shape[0] - 2
    corners = np.empty((3, 3))
    axes, bounds = np.empty((10, 3)), np.empty((10, 2))
    first, last = np.empty(3, np.int64), np.empty(3, np.int64)
    for face in range(len(faces)):
        num_wide = 0
        for axis in range(3):
            a, b, c = vertices[faces[face, 0], axis], vertices[faces[face, 1], axis], vertices[faces[face, 2], axis]
            corners[0, axis], corners[1, axis], corners[2, axis] = a, b, c
            first[axis], last[axis] = int(np.floor(min(a, b, c) - TOLERANCE)), int(np.floor(max(a, b, c) + TOLERANCE))
            num_wide += first[axis] < last[axis]
            first[axis], last[axis] = max(first[axis], 0), min(last[axis], side - 1)
        # A triangle whose bounding box is one row of cells crosses every cell of the row.
        is_row = num_wide <= 1
        if not is_row:
            _separating_axes(corners, axes, bounds)
        for i in range(first[0], last[0] + 1):
            for j in range(first[1], last[1] + 1):
                if not (is_row or _overlaps(axes, bounds, 0, 3, i + 0.5, j + 0.5, 0.0)):
                    continue
                for k in range(first[2], last[2] + 1):
                    if is_row or _overlaps(axes, bounds, 3, 10, i + 0.5, j + 0.5, k + 0.5):
                        state[i + 1, j + 1, k + 1] = SURFACE


@compiled
def flood_outside(state: NDArray[np.uint8]) -> None:
    """Set every ``EMPTY`` cell that is 6-connected to the first corner to ``OUTSIDE``.

    Args:
        state: (V + 2, V + 2, V + 2) uint8, C order, with an empty ring of cells around the grid.
    """
    width = state.shape[0]
    cells = state.reshape(-1)
    stack = np.empty(cells.size, np.int64)
    cells[0], stack[0], count = OUTSIDE, 0, 1
    while count:
        count -= 1
        cell = stack[count]
        for step in (1, width, width * width):
            place = (cell // step) % width
            for direction in (-1, 1):
                if 0 <= place + direction < width and cells[cell + direction * step] == EMPTY:
                    cells[cell + direction * step] = OUTSIDE
                    stack[count] = cell + direction * step
                    count += 1
