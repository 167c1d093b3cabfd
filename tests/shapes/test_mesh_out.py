import numpy as np
import pytest

from lessup.errors import DataError, ShapeError
from lessup.shapes.mesh_out import Placement, surface


def ball(radius: float, side: int = 30) -> np.ndarray:
    """Probabilities that fall through 0.5 at the radius, from 1 inside to 0 outside over four cells."""
    centre = np.arange(side) + 0.5 - side / 2
    distance = np.sqrt(centre[:, None, None] ** 2 + centre[:, None] ** 2 + centre**2)
    return np.clip(0.5 + (radius - distance) / 4, 0, 1)


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Sum of signed tetrahedra to the origin: positive if and only if the faces look outwards."""
    a, b, c = vertices[faces].swapaxes(0, 1)
    return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6


def faces_of_each_edge(faces: np.ndarray) -> np.ndarray:
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(edges, axis=0, return_counts=True)[1]


def test_ball_has_its_volume_and_looks_outwards():
    vertices, faces = surface(ball(10.0))
    assert volume(vertices, faces) == pytest.approx(4 / 3 * np.pi * 10**3, rel=0.01)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 1.0])
def test_every_edge_of_any_bool_grid_has_two_faces(share):
    grid = np.random.default_rng(0).random((9, 9, 9)) < share
    assert (faces_of_each_edge(surface(grid)[1]) == 2).all()


def test_probabilities_at_the_level_leave_a_closed_mesh_without_flat_triangles():
    grid = np.random.default_rng(0).choice([0.0, 0.5, 0.5 + 1e-9, 1.0], (8, 8, 8))
    vertices, faces = surface(grid)
    assert (faces_of_each_edge(faces) == 2).all()
    a, b, c = vertices[faces].swapaxes(0, 1)
    assert (np.linalg.norm(np.cross(b - a, c - a), axis=1) > 0).all()


def test_box_is_where_its_cells_are():
    grid = np.zeros((10, 10, 10), bool)
    grid[2:5, 3:9, 0:10] = True
    vertices, _ = surface(grid)
    assert vertices.min(0).tolist() == [2, 3, 0]
    assert vertices.max(0).tolist() == [5, 9, 10]


def test_placement_moves_and_scales_the_vertices():
    grid = ball(8.0)
    plain, faces = surface(grid)
    placed, same = surface(grid, placement=Placement(origin=(-4.0, 2.0, 0.5), cell=0.25))
    assert np.array_equal(faces, same)
    np.testing.assert_allclose(placed, plain * 0.25 + [-4.0, 2.0, 0.5])


def test_occupied_cells_are_those_above_one_half():
    grid = np.full((4, 4, 4), 0.5)
    with pytest.raises(DataError, match="no occupied cell"):
        surface(grid)


def test_grid_with_a_batch_axis_is_refused():
    with pytest.raises(ShapeError, match=r"\(1, 4, 4, 4\)"):
        surface(np.ones((1, 4, 4, 4), bool))
