import struct

import numpy as np
import pytest
from scipy.io import savemat

from lessup.errors import DataError
from lessup.formats import mat


@pytest.fixture
def grid():
    return np.random.default_rng(0).random((6, 6, 6)) < 0.4


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", [np.int8, np.float64, np.bool_])
def test_instance_variable_is_read_with_its_axes(tmp_path, grid, dtype, compressed):
    savemat(tmp_path / "a.mat", {"instance": grid.astype(dtype), "note": "x"}, do_compression=compressed)
    assert (mat.read(tmp_path / "a.mat") == grid).all()


def test_hand_written_big_endian_file_is_read_with_the_first_axis_fastest(tmp_path):
    def element(kind, data):
        return struct.pack(">II", kind, len(data)) + data.ljust(-(-len(data) // 8) * 8, b"\0")

    cells = bytes([1, 0, 0, 0, 0, 1, 0, 0])  # (0, 0, 0) and, with the first axis fastest, (1, 0, 1)
    parts = [(6, struct.pack(">II", 8, 0)), (5, struct.pack(">iii", 2, 2, 2)), (1, b"instance"), (1, cells)]
    matrix = element(14, b"".join(element(kind, data) for kind, data in parts))
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0".ljust(124) + b"\x01\x00MI" + matrix)
    assert np.argwhere(mat.read(tmp_path / "a.mat")).tolist() == [[0, 0, 0], [1, 0, 1]]


def test_another_variable_is_refused_by_name(tmp_path, grid):
    savemat(tmp_path / "a.mat", {"voxel": grid.astype(np.int8)})
    with pytest.raises(DataError, match=r"a\.mat: holds voxel; wanted the variable 'instance'"):
        mat.read(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"field": 1}, "struct"),
        ("text", "char"),
        (np.array([1, "a"], dtype=object), "cell"),
        (np.zeros((3, 3, 4)), "3x3x4"),
        (np.full((2, 2, 2), np.nan), "NaN"),
        (np.full((2, 2, 2), 0.5), "neither 0 nor 1"),
    ],
)
def test_anything_but_a_binary_cube_is_refused(tmp_path, value, reason):
    savemat(tmp_path / "a.mat", {"instance": value})
    with pytest.raises(DataError, match=rf"a\.mat: .*{reason}"):
        mat.read(tmp_path / "a.mat")


@pytest.mark.parametrize("compressed", [False, True])
def test_truncated_or_flipped_files_raise_nothing_but_a_named_error(tmp_path, grid, compressed):  # SciPy crashes here
    path = tmp_path / "a.mat"
    savemat(path, {"instance": grid.astype(np.int8)}, do_compression=compressed)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 8, 5):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"a\.mat: ") as error:
            mat.read(path)
        assert "\n" not in str(error.value)
    for place in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            mat.read(path)
        except DataError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017 - a flip in text or in a cell may go unseen


def test_matlab_7_3_file_says_how_to_save_it(tmp_path):
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124, b" ") + b"\x00\x02IM" + bytes(400))
    with pytest.raises(DataError, match=r"save -v7"):
        mat.read(tmp_path / "a.mat")
