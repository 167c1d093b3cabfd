import itertools
import subprocess
import sys

import numpy as np
import pytest

from lessup.errors import DataError, ShapeError
from lessup.transforms.voxelize import fit, rotate_upright, solidify, voxelize

# Two triangles for each side of the box, its corners in the order of ``box``.
BOX_FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5]),
        *([0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6]),
        *([0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
)


def box(low, high):
    return np.array(list(itertools.product(*zip(low, high, strict=True))), np.float64)


def sphere(num_rings=24, num_spokes=48, radius=1.0):
    """A closed sphere of latitude rings, poles as coinciding vertices."""
    up = np.linspace(0, np.pi, num_rings + 1)
    around = np.linspace(0, 2 * np.pi, num_spokes, endpoint=False)
    rows = [[np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)] for a in up for b in around]
    faces = []
    for ring in range(num_rings):
        for spoke in range(num_spokes):
            a, b = ring * num_spokes + spoke, ring * num_spokes + (spoke + 1) % num_spokes
            faces += [[a, a + num_spokes, b], [b, a + num_spokes, b + num_spokes]]
    return radius * np.array(rows), np.array(faces)


def soup(num_faces, side, seed):
    """Random triangles of all sizes inside a grid of ``side`` cells."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.uniform(np.log(0.05), np.log(side), (num_faces, 1, 1)))
    corners = rng.uniform(0, side, (num_faces, 1, 3)) + size * rng.uniform(-0.5, 0.5, (num_faces, 3, 3))
    return corners.clip(0, side).reshape(-1, 3), np.arange(3 * num_faces).reshape(-1, 3)


def overlaps_by_clipping(triangle, low):
    """Whether a triangle meets the unit cell at ``low``: cut the polygon by the cell's six planes, see what is left."""
    polygon = list(triangle)
    for axis, sign in itertools.product(range(3), (-1, 1)):
        limit = sign * (low[axis] + (sign > 0))
        kept = []
        for here, there in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            inside, next_inside = sign * here[axis] <= limit, sign * there[axis] <= limit
            if inside:
                kept.append(here)
            if inside != next_inside:
                share = (limit - sign * here[axis]) / (sign * (there[axis] - here[axis]))
                kept.append(here + share * (there - here))
        polygon = kept
    return bool(polygon)


def solid_by_clipping(vertices, faces, side):
    surface = np.zeros((side,) * 3, bool)
    for cell in np.ndindex(*surface.shape):
        surface[cell] = any(overlaps_by_clipping(vertices[face], cell) for face in faces)
    outside, grown = np.zeros((side + 2,) * 3, bool), np.zeros((side + 2,) * 3, bool)
    blocked = np.pad(surface, 1)
    grown[0, 0, 0] = True
    while (grown != outside).any():
        outside = grown.copy()
        for axis, step in itertools.product(range(3), (-1, 1)):
            moved = np.roll(outside, step, axis)
            moved[(slice(None),) * axis + (0 if step > 0 else -1,)] = False
            grown |= moved & ~blocked
    return ~outside[1:-1, 1:-1, 1:-1]


def test_triangle_that_reaches_out_of_the_grid_is_cut_off_exactly():
    # Only its tip at (3.9, 0.9) is inside: within the grid its bounding box is one row, which it does not fill.
    vertices, faces = np.array([[0.1, -4, 0.5], [3.9, -4, 0.5], [3.9, 0.9, 0.5]]), np.array([[0, 1, 2]])
    solid = solidify(vertices, faces, side=4)
    assert np.array_equal(solid, solid_by_clipping(vertices, faces, 4))
    assert np.argwhere(solid).tolist() == [[3, 0, 0]]


@pytest.mark.parametrize("seed", range(6))
def test_solid_equals_a_plain_loop_that_clips_every_triangle_by_every_cell(seed):
    vertices, faces = soup(num_faces=6, side=6, seed=seed)
    assert np.array_equal(solidify(vertices, faces, side=6), solid_by_clipping(vertices, faces, 6))


def test_solid_of_a_closed_mesh_equals_the_plain_loop():
    vertices, faces = sphere(6, 7)
    vertices = fit(rotate_upright(vertices * [1, 0.6, 0.4], 1 / 12), cells=7, padding=1)
    assert np.array_equal(solidify(vertices, faces, side=9), solid_by_clipping(vertices, faces, 9))


@pytest.mark.parametrize(
    ("sides", "cells"), [((24, 12, 6), (24, 12, 6)), ((24, 11, 6), (24, 12, 6)), ((1, 1, 1), (24,) * 3)]
)
def test_box_fills_exactly_its_cells_in_the_middle_of_the_grid(sides, cells):
    grid = voxelize(box((0, 0, 0), sides), BOX_FACES).grids[0]
    wanted = np.zeros((30, 30, 30), bool)
    wanted[tuple(slice(15 - n // 2, 15 + n // 2) for n in cells)] = True
    assert np.array_equal(grid, wanted)


def test_sphere_has_the_volume_of_a_sphere_between_its_inner_and_outer_cells():
    vertices, faces = sphere(64, 128)
    volume = voxelize(vertices, faces, cells=48).grids[0].sum()
    exact = 4 / 3 * np.pi * 24**3
    # Cells that the surface crosses count whole: about half a cell, at most a diagonal, beyond the radius.
    assert exact < volume < exact * ((24 + np.sqrt(3)) / 24) ** 3


def test_hollow_inside_a_closed_box_is_filled():
    outer, inner = box((0, 0, 0), (8, 8, 8)), box((2, 2, 2), (6, 6, 6))
    grid = voxelize(np.vstack([outer, inner]), np.vstack([BOX_FACES, BOX_FACES + 8])).grids[0]
    assert grid.sum() == 24**3


def test_open_box_stays_empty_inside_and_is_named():
    solids = voxelize(box((0, 0, 0), (1, 1, 1)), BOX_FACES[:-2])
    assert not solids.grids[0, 15, 15, 15]
    assert solids.problems == ("not watertight: 4 open edges",)


def test_closed_box_has_no_problems_even_with_seams():
    vertices = box((0, 0, 0), (1, 1, 1))[BOX_FACES].reshape(-1, 3)  # every face with corners of its own
    assert voxelize(vertices, np.arange(36).reshape(-1, 3)).problems == ()


@pytest.mark.parametrize("seed", range(3))
def test_quarter_turn_of_the_mesh_equals_a_quarter_turn_of_the_grid(seed):
    vertices, faces = soup(40, 10, seed)
    grids = voxelize(vertices, faces, num_views=12).grids
    for view in range(9):
        assert np.array_equal(grids[view + 3], np.rot90(grids[view], axes=(0, 1)))


def test_every_view_is_scaled_to_its_own_longest_side():
    grids = voxelize(box((0, 0, 0), (4, 2, 1)), BOX_FACES, num_views=12).grids
    for grid in grids:
        occupied = np.argwhere(grid)
        assert (np.ptp(occupied, axis=0) + 1).max() == 24
        assert np.array_equal(occupied.min(axis=0) + occupied.max(axis=0), [29, 29, 29])
    # At 30 degrees the box is 4 cos 30 + 2 sin 30 = 4.46 long, so 1 high is 5.4 cells, 6 with the cells it crosses.
    assert np.ptp(np.argwhere(grids[1])[:, 2]) + 1 == 6


@pytest.mark.parametrize("seed", range(3))
def test_grid_does_not_depend_on_unit_or_place(seed):
    vertices, faces = soup(40, 10, seed)
    grid = voxelize(vertices, faces).grids
    assert np.array_equal(voxelize(vertices * 0.0254, faces).grids, grid)
    assert np.array_equal(voxelize(vertices + np.array([30, -7, 0.1]), faces).grids, grid)


def test_grid_does_not_depend_on_the_order_of_faces_or_corners():
    vertices, faces = soup(40, 10, seed=0)
    grid = voxelize(vertices, faces).grids
    assert np.array_equal(voxelize(vertices, np.roll(faces[::-1], 1, axis=1)).grids, grid)


def test_unused_vertices_do_not_change_the_scale():
    vertices = np.vstack([box((0, 0, 0), (1, 1, 1)), [[100.0, 0, 0]]])
    assert voxelize(vertices, BOX_FACES).grids[0].sum() == 24**3


def test_solid_equals_trimesh_except_for_surface_cells():
    trimesh = pytest.importorskip("trimesh")
    vertices, faces = sphere(40, 80)
    vertices = fit(vertices * [1, 0.7, 0.5], cells=24, padding=3)
    grid = solidify(vertices, faces, side=30)
    # trimesh centres cells on whole numbers.
    filled = trimesh.Trimesh(vertices - 0.5, faces, process=False).voxelized(1.0).fill()
    theirs = np.zeros_like(grid)
    theirs[tuple(np.rint(filled.points).astype(int).T)] = True
    surface = solidify(vertices, faces, side=30) & ~solidify((vertices - 15) * 0.85 + 15, faces, side=30)
    assert not (grid ^ theirs)[~surface].any()
    assert (grid & theirs).sum() > 0.95 * (grid | theirs).sum()


def test_faces_with_nan_are_left_out_and_named():
    vertices = np.vstack([box((0, 0, 0), (1, 1, 1)), [[np.nan, 0, 0]]])
    solids = voxelize(vertices, np.vstack([BOX_FACES, [[0, 1, 8]]]))
    assert solids.grids[0].sum() == 24**3
    assert solids.problems == ("NaN or infinite vertices: 1 of 13 faces left out",)


def test_flat_mesh_is_voxelised_and_named():
    solids = voxelize(np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]), np.array([[0, 1, 2], [0, 2, 3]]))
    assert solids.grids[0].any(axis=2).sum() == 24**2
    assert solids.problems[0] == "flat: no extent along z"


def test_sliver_marks_the_cells_it_runs_through():
    vertices = np.array([[0.2, 0.5, 0.5], [7.8, 0.5, 0.5 + 1e-13], [4.0, 0.5, 0.5]])
    tilted = vertices @ np.array([[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1.0]]) + [0.53, 0, 0]
    segment = tilted[0] + np.linspace(0, 1, 10_001)[:, None] * (tilted[1] - tilted[0])
    crossed = np.zeros((8, 8, 8), bool)
    crossed[tuple(np.floor(segment).astype(int).T)] = True
    assert np.array_equal(solidify(tilted, np.array([[0, 1, 2]]), side=8), crossed)


@pytest.mark.parametrize(
    ("vertices", "faces", "error", "message"),
    [
        (np.zeros((4, 2)), BOX_FACES, ShapeError, r"wanted \(M, 3\)"),
        (np.zeros((4, 3)), np.zeros((1, 4), int), ShapeError, r"wanted \(F, 3\)"),
        (np.zeros((4, 3)), np.zeros((1, 3)), ShapeError, "integers"),
        (np.zeros((4, 3)), np.array([[0, 1, 4]]), ShapeError, "wanted 0 to 3"),
        (np.zeros((4, 3)), np.array([[0, 1, -1]]), ShapeError, "wanted 0 to 3"),
        (np.zeros((0, 3)), np.zeros((0, 3), int), DataError, "without faces"),
        (np.full((8, 3), np.nan), BOX_FACES, DataError, "NaN"),
        (np.ones((8, 3)), BOX_FACES, DataError, "more than one finite place"),
        (box((-1e308,) * 3, (1e308,) * 3), BOX_FACES, DataError, "more than one finite place"),
    ],
)
def test_what_cannot_be_voxelised_is_refused_with_a_reason(vertices, faces, error, message):
    with pytest.raises(error, match=message):
        voxelize(vertices, faces)


def test_importing_the_voxelizer_does_not_import_numba():
    code = "import sys, lessup.transforms.voxelize; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
