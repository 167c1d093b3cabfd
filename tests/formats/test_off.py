import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats.off import read_off, write_off

BODY = b"0 0 0\n1 0 0\n1 1 0\n0 1 0.5\n"
QUAD = [[0, 1, 2], [0, 2, 3]]


def read(tmp_path, content):
    path = tmp_path / "shape.off"
    path.write_bytes(content)
    return read_off(path)


@pytest.mark.parametrize(
    "content",
    [
        b"OFF\n4 2 0\n" + BODY + b"3 0 1 2\n3 0 2 3\n",
        b"OFF4 2 0\n" + BODY + b"3 0 1 2\n3 0 2 3\n",
        b"OFF 4 2 0\r\n" + BODY.replace(b"\n", b"\r\n") + b"3 0 1 2\r\n3 0 2 3",
        b"# made by hand\nOFF # a square\n\n4 2\n" + BODY + b"# now the faces\n3 0 1 2\n\n3 0 2 3 # last\n",
        b"OFF\n4 1 0\n" + BODY + b"4 0 1 2 3\n",
        b"OFF\n4 2 0\n" + BODY + b"3 0 1 2 255 0 0\n3 0 2 3 0.5 0.5 0.5 1\n",
        b"COFF\n4 1 0\n" + BODY.replace(b"\n", b" 255 0 0 255\n") + b"4 0 1 2 3\n",
    ],
    ids=["plain", "glued", "windows", "comments", "polygon", "face-colours", "vertex-colours"],
)
def test_every_spelling_gives_the_same_mesh(tmp_path, content):
    vertices, faces = read(tmp_path, content)
    assert vertices.dtype == np.float64
    assert vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.5]]
    assert faces.dtype == np.int64
    assert faces.tolist() == QUAD


def test_mixed_polygons_become_fans(tmp_path):
    _, faces = read(tmp_path, b"OFF\n4 3 0\n" + BODY + b"3 0 1 2\n4 3 2 1 0\n2 0 1\n")
    assert faces.tolist() == [[0, 1, 2], [3, 2, 1], [3, 1, 0]]


def test_nan_is_kept_for_the_voxelizer_to_find(tmp_path):
    vertices, _ = read(tmp_path, b"OFF\n4 1 0\n" + BODY.replace(b"0.5", b"nan") + b"3 0 1 2\n")
    assert np.isnan(vertices[3, 2])


def test_written_mesh_reads_back_bit_for_bit(tmp_path):
    vertices = np.random.default_rng(0).normal(size=(5, 3)) * 1e-3
    write_off(tmp_path / "out.off", vertices, np.array(QUAD))
    again, faces = read_off(tmp_path / "out.off")
    assert np.array_equal(again, vertices)
    assert faces.tolist() == QUAD


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an OFF file"),
        (b"solid cube\n", "not an OFF file"),
        (b"\x93NUMPY\x01\x00", "not an OFF file"),
        (b"OFF", "numbers of vertices and faces"),
        (b"OFF BINARY\n\x00\x00", "numbers of vertices and faces"),
        (b"OFF\n-4 2 0\n", "numbers of vertices and faces"),
        (b"OFF\n4 2 0\n" + BODY, "cut short: 4 lines after the header, wanted 4 vertices and 2 faces"),
        (b"OFF\n999999999999 2 0\n" + BODY, "cut short"),
        (b"OFF\n4 1 0\n" + BODY + b"3 0 1 4\n", "names vertex 4; wanted 0 to 3"),
        (b"OFF\n4 1 0\n" + BODY + b"3 0 1 -1\n", "names vertex -1"),
        (b"OFF\n4 1 0\n" + BODY + b"3 0 1 1.5\n", "whole number"),
        (b"OFF\n4 1 0\n" + BODY + b"3 0 1\n", "3 corners promised, 2 found"),
        (b"OFF\n4 1 0\n" + BODY.replace(b"0.5", b"half") + b"3 0 1 2\n", "not three numbers"),
        (b"OFF\n4 1 0\n" + BODY.replace(b" 0.5", b"") + b"3 0 1 2\n", "not three numbers"),
    ],
)
def test_damaged_file_is_refused_by_name(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as error:
        read(tmp_path, content)
    assert "shape.off" in str(error.value)
