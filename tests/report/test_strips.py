import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.strips import Picture, blend_strips, neighbor_strips, strip
from lessup.report.thumbnail import data_uri
from lessup.samples.voxels import pack


def cubes(count: int) -> np.ndarray:
    """Cubes of 1, 2 ... cells a side."""
    grids = np.zeros((count, 8, 8, 8), bool)
    for size in range(count):
        grids[size, : size + 1, : size + 1, : size + 1] = True
    return grids


def sources(text: str) -> list[str]:
    return re.findall(r'src="(.*?)"', text)


def test_pictures_come_in_order_with_their_captions():
    grids = cubes(3)
    text = strip([Picture(data_uri(grid), f"<{number}>") for number, grid in enumerate(grids)])
    assert sources(text) == [data_uri(grid) for grid in grids]
    assert re.findall("<figcaption>(.*?)</figcaption>", text) == ["&lt;0&gt;", "&lt;1&gt;", "&lt;2&gt;"]


def test_blends_show_one_strip_a_pair():
    figures = {
        "side": np.array(8),
        "weights": np.array([0, 0.5, 1]),
        "first_id": np.array(["a", "b"]),
        "second_id": np.array(["c", "d"]),
        "model_bits": pack(cubes(6)).reshape(2, 3, -1),
    }
    text = blend_strips(figures)
    assert sources(text) == [data_uri(grid) for grid in cubes(6)]
    assert re.findall("<p>(.*?)</p>", text) == ["a to c", "b to d"]
    assert re.findall("<figcaption>(.*?)</figcaption>", text)[:3] == ["0%", "50%", "100%"]
    with pytest.raises(DataError, match="first_id"):
        blend_strips({**figures, "first_id": np.array(["a"])})


def test_neighbours_of_another_class_are_marked():
    figures = {
        "side": np.array(8),
        "query_id": np.array(["q"]),
        "query_label": np.array([1]),
        "query_bits": pack(cubes(1)),
        "neighbor_id": np.array([["n", "m"]]),
        "neighbor_label": np.array([[1, 0]]),
        "neighbor_cosine": np.array([[0.987, 0.5]]),
        "neighbor_bits": pack(cubes(2)).reshape(1, 2, -1),
    }
    text = neighbor_strips(figures)
    assert re.findall("<figure(.*?)>", text) == [' class="query"', "", ' class="wrong"']
    assert re.findall("<figcaption>(.*?)</figcaption>", text) == ["q", "n 0.99", "m 0.50"]


def test_no_figures_no_strips():
    assert blend_strips({}) == neighbor_strips({}) == ""
