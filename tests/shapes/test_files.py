from pathlib import Path

import numpy as np
import pytest

from lessup.errors import DataError, RunError, UsageError
from lessup.formats import binvox
from lessup.formats.mesh import write_mesh
from lessup.samples import Reading
from lessup.shapes.files import read_scan, read_shape, refuse_existing, shape_files, write_grid, write_surface
from lessup.shapes.mesh_out import surface


def box(side: int, low: tuple[int, int, int], high: tuple[int, int, int]) -> np.ndarray:
    grid = np.zeros((side,) * 3, bool)
    grid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return grid


def write_box(path: Path, low: list[float], high: list[float]) -> None:
    vertices, faces = surface(np.ones((1, 1, 1), bool))  # an octahedron
    middle, half = (np.array(high) + low) / 2, (np.array(high) - low) / 2
    write_mesh(path, (vertices - 0.5) * 2 * half + middle, faces)


def test_grid_files_give_their_grid(tmp_path):
    grid = box(10, (1, 2, 3), (5, 6, 9))
    np.save(tmp_path / "a.npy", grid)
    np.savez(tmp_path / "a.npz", voxels=grid)
    binvox.write(tmp_path / "a.binvox", grid)
    for suffix in ("npy", "npz", "binvox"):
        assert np.array_equal(read_shape(tmp_path / f"a.{suffix}", Reading()), grid)


def test_side_resamples_a_stored_grid(tmp_path):
    np.save(tmp_path / "a.npy", box(10, (0, 0, 0), (5, 10, 10)))
    assert np.array_equal(read_shape(tmp_path / "a.npy", Reading(side=20)), box(20, (0, 0, 0), (10, 20, 20)))


@pytest.mark.parametrize("suffix", [".off", ".obj"])
def test_surface_of_a_mesh_file_is_where_the_mesh_is(tmp_path, suffix):
    write_box(tmp_path / f"a{suffix}", [100.0, -3.0, 5.0], [104.0, -1.0, 8.0])
    scan = read_scan(tmp_path / f"a{suffix}", Reading())
    assert scan.grid.shape == (30, 30, 30)
    vertices, _ = surface(scan.grid, placement=scan.placement)
    cell = 4 / 24
    np.testing.assert_allclose(vertices.min(0), [100.0, -3.0, 5.0], atol=cell)
    np.testing.assert_allclose(vertices.max(0), [104.0, -1.0, 8.0], atol=cell)


def test_vertices_that_no_finite_face_uses_do_not_move_a_mesh(tmp_path):
    vertices, faces = surface(np.ones((1, 1, 1), bool))
    write_mesh(tmp_path / "a.off", vertices, faces)
    write_mesh(
        tmp_path / "b.off", np.vstack([vertices, [[900.0, 0, 0], [np.nan, 0, 0]]]), np.vstack([faces, [6, 7, 7]])
    )
    clean, dirty = (read_scan(tmp_path / name, Reading()) for name in ("a.off", "b.off"))
    assert np.array_equal(clean.grid, dirty.grid)
    assert clean.placement == dirty.placement
    assert "NaN" in dirty.problems[0]


def test_side_and_padding_say_how_many_cells_a_mesh_gets(tmp_path):
    write_box(tmp_path / "a.obj", [0, 0, 0], [1, 1, 1])
    occupied = np.argwhere(read_shape(tmp_path / "a.obj", Reading(side=20, padding=4)))
    assert occupied.min(0).tolist() == [4, 4, 4]
    assert occupied.max(0).tolist() == [15, 15, 15]


@pytest.mark.parametrize("side", [10, 16, 20, 7])
def test_binvox_keeps_its_place_whatever_the_side(tmp_path, side):
    grid = box(10, (1, 2, 3), (5, 6, 9))
    binvox.write(tmp_path / "a.binvox", grid, binvox.Binvox(grid, (7.0, -2.0, 0.0), 5.0))
    scan = read_scan(tmp_path / "a.binvox", Reading(side=side))
    vertices, _ = surface(scan.grid, placement=scan.placement)
    tolerance = 1e-9 if side in (10, 16, 20) else 5 / side
    np.testing.assert_allclose(vertices.min(0), [7.5, -1.0, 1.5], atol=tolerance)
    np.testing.assert_allclose(vertices.max(0), [9.5, 1.0, 4.5], atol=tolerance)


def test_binvox_with_y_up_is_turned_with_its_place(tmp_path):
    grid = box(10, (1, 2, 3), (5, 6, 9))
    binvox.write(tmp_path / "a.binvox", grid, binvox.Binvox(grid, (7.0, -2.0, 0.0), 5.0))
    scan = read_scan(tmp_path / "a.binvox", Reading(up="y"))
    assert np.array_equal(scan.grid, box(10, (3, 1, 2), (9, 5, 6)))
    vertices, _ = surface(scan.grid, placement=scan.placement)
    np.testing.assert_allclose(vertices.min(0), [1.5, 7.5, -1.0], atol=1e-9)
    np.testing.assert_allclose(vertices.max(0), [4.5, 9.5, 1.0], atol=1e-9)


def test_folder_gives_every_shape_below_it_and_its_way_down(tmp_path):
    for name in ("b.off", "sub/A.NPY", "notes.txt", ".lessup-cache/kept.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [relative.as_posix() for _, relative in shape_files([tmp_path])]
    assert found == ["b.off", "sub/A.NPY"]


def test_folder_without_shapes_and_missing_path_are_named(tmp_path):
    with pytest.raises(DataError, match="no shapes under"):
        list(shape_files([tmp_path]))
    with pytest.raises(DataError, match="nothing at"):
        list(shape_files([tmp_path / "gone"]))


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(UsageError, match="wanted a shape"):
        read_scan(tmp_path / "a.png", Reading())


def test_padding_that_leaves_no_cell_is_refused(tmp_path):
    write_box(tmp_path / "a.obj", [0, 0, 0], [1, 1, 1])
    with pytest.raises(UsageError, match="larger --side"):
        read_scan(tmp_path / "a.obj", Reading(side=6, padding=3))


def test_written_files_read_back(tmp_path):
    grid = box(10, (1, 2, 3), (5, 6, 9))
    write_grid(tmp_path / "new" / "a.npy", grid)
    write_surface(tmp_path / "new" / "a.off", grid.astype(np.float32), None)
    assert np.array_equal(read_shape(tmp_path / "new" / "a.npy", Reading()), grid)
    occupied = np.argwhere(read_shape(tmp_path / "new" / "a.off", Reading(side=6, padding=0)))
    assert np.ptp(occupied, axis=0).tolist() == [3, 3, 5]


def test_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()
    for write in (
        lambda path: write_grid(path, np.ones((2, 2, 2), bool)),
        lambda path: write_surface(path, np.ones((2, 2, 2)), None),
    ):
        with pytest.raises(RunError, match="cannot write"):
            write(tmp_path / "file" / "a.obj")


def test_existing_files_are_counted(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).touch()
    with pytest.raises(RunError, match="and 1 more exists already"):
        refuse_existing([tmp_path / "a", tmp_path / "c", tmp_path / "b"])
