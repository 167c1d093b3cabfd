import numpy as np
import pytest
from scipy.io import savemat

from lessup.errors import UsageError
from lessup.formats import binvox
from lessup.formats.grid import read_grid, turn_up
from lessup.formats.mesh import turn_up as turn_mesh_up


@pytest.fixture
def grid():
    return np.random.default_rng(0).random((5, 5, 5)) < 0.3


def test_every_format_gives_the_same_grid_as_stored_or_turned(tmp_path, grid):
    np.save(tmp_path / "a.npy", grid)
    np.savez(tmp_path / "a.npz", grid)
    savemat(tmp_path / "a.mat", {"instance": grid.astype(np.int8)})
    binvox.write(tmp_path / "A.BINVOX", grid)
    for name in ("a.npy", "a.npz", "a.mat", "A.BINVOX"):
        assert np.array_equal(read_grid(tmp_path / name), grid)
        assert np.array_equal(read_grid(tmp_path / name, up="z"), grid)
        assert np.array_equal(read_grid(tmp_path / name, up="y"), turn_up(grid))


def test_cells_turn_up_as_vertices_do(grid):
    cells = {tuple(cell) for cell in turn_mesh_up(np.argwhere(grid).astype(float)).astype(int).tolist()}
    assert {tuple(cell) for cell in np.argwhere(turn_up(grid)).tolist()} == cells


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"wanted a grid, \.npy"):
        read_grid(tmp_path / "a.off")
