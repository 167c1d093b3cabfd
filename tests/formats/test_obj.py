import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats.obj import parse_obj, read_obj, write_obj

SQUARE = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0.5\n"


def test_faces_in_every_spelling_name_the_same_vertices():
    lines = b"f 1 2 3\nf 1/9 2/9 3/9\nf 1//7 2//7 3//7\nf 1/9/7 2/9/7 3/9/7\nf -4 -3 -2\n"
    vertices, faces = parse_obj(b"mtllib a.mtl\no square\n" + SQUARE + b"vt 0 0\nvn 0 0 1\n" + lines, "a")
    assert vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.5]]
    assert faces.tolist() == [[0, 1, 2]] * 5


def test_negative_indices_count_back_from_the_last_vertex_so_far():
    _, faces = parse_obj(b"v 0 0 0\nv 1 0 0\nv 1 1 0\nf -3 -2 -1\nv 0 0 1\nf -3 -2 -1\n", "a")
    assert faces.tolist() == [[0, 1, 2], [1, 2, 3]]


def test_polygons_colours_comments_and_continued_lines_are_read():
    vertices, faces = parse_obj(b"# v 9 9 9\n" + SQUARE.replace(b"\n", b" 1 0 0\r\n") + b"f 1 2 \\\n3 4\nl 1 2\n", "a")
    assert len(vertices) == 4
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_blanks_and_tabs_do_not_matter():
    _, faces = parse_obj(b"  v 0 0 0\nv\t1 0  0 \nv 1 1 0\nf  1 2\t3 \n f 1  3 2\n", "a")
    assert faces.tolist() == [[0, 1, 2], [0, 2, 1]]


def test_written_mesh_reads_back_bit_for_bit(tmp_path):
    vertices = np.random.default_rng(0).normal(size=(5, 3))
    write_obj(tmp_path / "out.obj", vertices, np.array([[0, 1, 2], [2, 3, 4]]))
    again, faces = read_obj(tmp_path / "out.obj")
    assert np.array_equal(again, vertices)
    assert faces.tolist() == [[0, 1, 2], [2, 3, 4]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no vertices"),
        (b"PK\x03\x04", "holds no vertices"),
        (b"v 0 0\nv 0 0 0\n", "not three numbers"),
        (b"v 0 0\nv 0 0\nv 0 0\n", "not three numbers"),
        (b"v 0 0 zero\n", "not three numbers"),
        (SQUARE + b"f 1 2 x\n", "not a whole number"),
        (SQUARE + b"f 1 2 5\n", "vertex 5 of 4"),
        (SQUARE + b"f 1 2 0\n", "before the first"),
        (SQUARE + b"f -5 2 3\n", "before the first"),
    ],
)
def test_damaged_file_is_refused_by_name(content, message):
    with pytest.raises(DataError, match=message) as error:
        parse_obj(content, "shape.obj")
    assert "shape.obj" in str(error.value)
