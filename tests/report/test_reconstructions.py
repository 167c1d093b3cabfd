import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.patches import photograph
from lessup.report.reconstructions import reconstructed_strips


def figures():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1), np.uint8)
    return {"example_id": np.array(["a", "<b>"]), "example_truth": pixels[:2], "example_model": pixels[2:4]}


def test_images_stand_above_what_came_back_and_what_was_drawn():
    given = figures()
    drawn = np.zeros((3, 4, 4, 1), np.uint8)
    text = reconstructed_strips({**given, "drawn": drawn})
    wanted = [*map(photograph, [*given["example_truth"], *given["example_model"], *drawn])]
    assert re.findall('src="(.*?)"', text) == wanted
    assert re.findall("<figcaption>(.*?)</figcaption>", text) == ["a", "&lt;b&gt;"]
    assert "random codes" in text
    assert "random codes" not in reconstructed_strips(given)


def test_figures_that_do_not_fit_are_refused_and_none_give_nothing():
    assert reconstructed_strips({}) == ""
    for name, values in {
        "example_id": np.array(["a"]),
        "example_model": figures()["example_model"][:1],
        "drawn": np.zeros((2, 4, 4, 1)),
    }.items():
        with pytest.raises(DataError, match=name):
            reconstructed_strips({**figures(), name: values})
