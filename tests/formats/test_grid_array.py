import io
import zipfile

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats import grid_array


class Bomb:
    def __reduce__(self):
        return (print, ("code from the file ran",))


@pytest.fixture
def grid():
    return np.random.default_rng(0).random((5, 5, 5)) < 0.4


@pytest.mark.parametrize("name", ["chair.npy", "chair.npz"])
def test_written_grid_is_read_back(tmp_path, grid, name):
    grid_array.write(tmp_path / name, grid)
    assert (grid_array.read(tmp_path / name) == grid).all()


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float16, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_number_type_and_memory_order_gives_the_same_grid(tmp_path, grid, dtype, order):
    np.save(tmp_path / "chair.npy", np.asarray(grid, dtype, order=order))
    assert (grid_array.read(tmp_path / "chair.npy") == grid).all()


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_pickle_inside_is_refused_and_never_run(tmp_path, capsys, suffix):
    path = tmp_path / f"bad{suffix}"
    objects = np.array([Bomb()], dtype=object)
    if suffix == ".npy":
        np.save(path, objects, allow_pickle=True)
    else:
        np.savez(path, voxels=objects)
    with pytest.raises(DataError, match=r"bad\.np[yz].*pickled.*refused") as error:
        grid_array.read(path)
    assert "\n" not in str(error.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("value", "reason"), [(np.nan, "1 of 125 cells are NaN"), (0.3, "neither 0 nor 1.*0.3")])
def test_nan_and_other_values_are_named_and_not_thresholded(tmp_path, grid, value, reason):
    cells = grid.astype(np.float64)
    cells[1, 2, 3] = value
    np.save(tmp_path / "bad.npy", cells)
    with pytest.raises(DataError, match=rf"bad\.npy: .*{reason}"):
        grid_array.read(tmp_path / "bad.npy")


@pytest.mark.parametrize("name", ["chair.npy", "chair.npz"])
def test_every_truncation_is_one_line_that_names_the_file(tmp_path, grid, name):
    path = tmp_path / name
    grid_array.write(path, grid)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="damaged or cut short") as error:
            grid_array.read(path)
        assert str(error.value).startswith(f"{path}: ")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("shape", [(), (27,), (3, 3), (3, 3, 4), (1, 3, 3, 3), (0, 0, 0)])
def test_what_is_no_cube_is_refused_with_its_shape(tmp_path, shape):
    np.save(tmp_path / "flat.npy", np.zeros(shape))
    with pytest.raises(DataError, match=r"flat\.npy: holds .*wanted"):
        grid_array.read(tmp_path / "flat.npy")


def test_header_that_claims_a_huge_grid_is_refused_before_any_cell_is_read(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|b1", "fortran_order": False, "shape": (99999,) * 3})
    (tmp_path / "huge.npy").write_bytes(head.getvalue())
    with pytest.raises(DataError, match="1 to 512 cells"):
        grid_array.read(tmp_path / "huge.npy")


def test_text_is_refused(tmp_path):
    np.save(tmp_path / "text.npy", np.full((2, 2, 2), "0"))
    with pytest.raises(DataError, match="wanted numbers"):
        grid_array.read(tmp_path / "text.npy")


def test_npz_with_several_arrays_is_no_single_grid(tmp_path, grid):
    np.savez(tmp_path / "two.npz", a=grid, b=grid)
    with pytest.raises(DataError, match="holds 2 arrays; wanted one grid"):
        grid_array.read(tmp_path / "two.npz")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.npy: no such file"):
        grid_array.read(tmp_path / "gone.npy")


def test_writing_what_is_no_grid_is_refused(tmp_path):
    with pytest.raises(DataError, match="neither 0 nor 1"):
        grid_array.write(tmp_path / "bad.npy", np.full((2, 2, 2), 2))
    assert not (tmp_path / "bad.npy").exists()


def test_archive_that_is_a_plain_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "notes.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match=r"readme\.txt.*refused"):
        grid_array.read(tmp_path / "notes.npz")
