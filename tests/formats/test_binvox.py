import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats import binvox


@pytest.fixture
def grid():
    return np.random.default_rng(0).random((7, 7, 7)) < 0.4


def test_hand_written_file_is_read_with_y_fastest_then_z_then_x(tmp_path):
    # Cells in file order (x, z, y): 000=1 001=1 010=0 011=0 100=0 101=0 110=0 111=1.
    path = tmp_path / "hand.binvox"
    path.write_bytes(b"#binvox 1\ndim 2 2 2\ntranslate 1 2 3\nscale 4.5\ndata\n" + bytes([1, 2, 0, 5, 1, 1]))
    found = binvox.load(path)
    wanted = np.zeros((2, 2, 2), bool)
    wanted[0, 0, 0] = wanted[0, 1, 0] = wanted[1, 1, 1] = True  # axes x, y, z
    assert (found.grid == wanted).all()
    assert (found.translate, found.scale) == ((1.0, 2.0, 3.0), 4.5)


@pytest.mark.parametrize("side", [1, 2, 7, 30])
@pytest.mark.parametrize("fill", [0.0, 0.5, 1.0])
def test_written_grid_is_read_back_with_its_place(tmp_path, side, fill):
    grid = np.random.default_rng(1).random((side, side, side)) < fill
    place = binvox.Binvox(grid, (-0.1, 1 / 3, 2.0), 0.7)
    binvox.write(tmp_path / "a.binvox", grid, place)
    found = binvox.load(tmp_path / "a.binvox")
    assert (found.grid == grid).all()
    assert (found.translate, found.scale) == (place.translate, place.scale)


def test_trimesh_reads_the_same_cells_from_what_we_write(tmp_path, grid):
    pytest.importorskip("trimesh")
    from trimesh.exchange.binvox import load_binvox

    binvox.write(tmp_path / "a.binvox", grid)
    with (tmp_path / "a.binvox").open("rb") as file:
        assert (load_binvox(file, axis_order="xzy").matrix == grid).all()


def test_we_read_the_same_cells_from_what_trimesh_writes(tmp_path, grid):
    trimesh = pytest.importorskip("trimesh")
    from trimesh.exchange.binvox import export_binvox

    (tmp_path / "a.binvox").write_bytes(export_binvox(trimesh.voxel.VoxelGrid(grid), axis_order="xzy"))
    assert (binvox.read(tmp_path / "a.binvox") == grid).all()


def test_every_truncation_is_one_line_that_names_the_file(tmp_path, grid):
    path = tmp_path / "a.binvox"
    binvox.write(path, grid)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"a\.binvox: damaged or cut short") as error:
            binvox.read(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("header", "runs", "reason"),
    [
        (b"#binvox 1\ndim 2 2 3\ndata\n", bytes([1, 12]), "2x2x3"),
        (b"#binvox 1\ndim 9999 9999 9999\ndata\n", b"", "1 to 512"),
        (b"#binvox 1\ndim 2 2 2\ndata\n", bytes([7, 8]), "neither 0 nor 1"),
        (b"#binvox 1\ndim 2 2 2\ndata\n", bytes([1, 9]), "9 cells"),
        (b"#binvox 1\ndim two 2 2\ndata\n", bytes([1, 8]), "damaged"),
        (b"#binvox 1\n" + b"x 1\n" * 99, b"", "no data line"),
    ],
)
def test_wrong_header_or_run_is_named(tmp_path, header, runs, reason):
    (tmp_path / "a.binvox").write_bytes(header + runs)
    with pytest.raises(DataError, match=rf"a\.binvox: .*{reason}"):
        binvox.read(tmp_path / "a.binvox")
