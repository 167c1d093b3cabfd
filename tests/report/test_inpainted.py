import base64
import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.inpainted import inpainted_strips
from lessup.report.presentations import presentation

SHOWN = presentation("inpainting")


def figures():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 2, 6, 6, 3), np.uint8)
    hole = np.zeros((2, 6, 6), bool)
    hole[:, 2:4, 2:4] = True
    return {
        "rows": np.array(["mean_colour", "random", "model"]),
        "id": np.array(["a", "<b>", "c"]),
        "psnr": np.array([[11.0, 12.0, 13.0], [1.0, 2.0, 3.0], [21.0, 22.0, 23.0]]),
        "example_id": np.array(["a", "<b>"]),
        "example_hole": hole,
        **{f"example_{name}": pixels[place] for place, name in enumerate(("truth", "model", "mean_colour", "random"))},
    }


def decoded(address):
    image = pytest.importorskip("PIL.Image")
    import io

    return np.asarray(image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def test_each_strip_shows_the_hole_the_fills_with_their_psnr_and_the_truth():
    given = figures()
    text = inpainted_strips(given, SHOWN)
    captions = re.findall("<figcaption>(.*?)</figcaption>", text)
    assert captions == [
        *("a", "model 21.0", "mean colour 11.0", "truth"),
        *("&lt;b&gt;", "model 22.0", "mean colour 12.0", "truth"),
    ]
    shown = [decoded(address)[::2, ::2] for address in re.findall('src="(.*?)"', text)]
    assert (shown[0][..., 3] == np.where(given["example_hole"][0], 0, 255)).all()
    assert (shown[0][..., :3] == given["example_truth"][0]).all()
    assert (shown[5] == given["example_model"][1]).all()
    assert (shown[7] == given["example_truth"][1]).all()


def test_without_pictures_there_is_nothing_to_show():
    given = figures()
    assert inpainted_strips({}, SHOWN) == ""
    empty = {name: values[:0] if name.startswith("example") else values for name, values in given.items()}
    assert inpainted_strips(empty, SHOWN) == ""


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("example_model", np.zeros((1, 6, 6, 3), np.uint8)),
        ("example_truth", np.zeros((2, 6, 6, 3))),
        ("psnr", np.zeros((2, 3))),
        ("example_hole", np.zeros((2, 5, 6), bool)),
    ],
)
def test_figures_that_do_not_fit_are_named(name, values):
    with pytest.raises(DataError, match=name):
        inpainted_strips({**figures(), name: values}, SHOWN)
