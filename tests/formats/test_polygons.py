import numpy as np
import pytest

from lessup.formats.polygons import fan, read_whole


def test_fan_of_a_convex_polygon_covers_its_area_once():
    corners = [(0, 0), (2, 0), (3, 1), (2, 3), (0, 2)]
    area = 0.0
    for a, b, c in fan(np.arange(5), np.array([5])):
        (ax, ay), (bx, by), (cx, cy) = corners[a], corners[b], corners[c]
        area += ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2
    shoelace = sum((x * q - p * y) / 2 for (x, y), (p, q) in zip(corners, corners[1:] + corners[:1], strict=True))
    assert area == shoelace


def test_fans_equal_a_plain_loop_over_polygons_of_all_sizes():
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 7, 50)
    corners = rng.integers(0, 1000, sizes.sum())
    wanted, start = [], 0
    for size in sizes:
        polygon = corners[start : start + size].tolist()
        wanted += [[polygon[0], polygon[i], polygon[i + 1]] for i in range(1, size - 1)]
        start += size
    assert fan(corners, sizes).tolist() == wanted


def test_no_polygons_give_no_triangles():
    assert fan(np.zeros(0, np.int64), np.zeros(0, np.int64)).shape == (0, 3)


def test_whole_numbers_are_read_across_lines():
    assert read_whole(b"1 -2\r\n3\t 4 ").tolist() == [1, -2, 3, 4]
    assert read_whole(b" ").tolist() == []


@pytest.mark.parametrize("words", [b"1 x 3", b"1 2 3x", b"1 2.5", b"x", b"1 2-3", b"1,2"])
def test_a_word_that_is_no_whole_number_is_named(words):
    with pytest.raises(ValueError, match="invalid literal"):
        read_whole(words)
