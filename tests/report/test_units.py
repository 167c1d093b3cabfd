import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report import wav
from lessup.report.patches import photograph
from lessup.report.units import unit_strips


def figures():
    random = np.random.default_rng(0)
    return {
        "unit": np.array([7, 2]),
        "patch": random.integers(0, 256, (2, 3, 8, 8, 3), np.uint8),
        "id": np.array([["a", "b", "<c>"], ["d", "e", "f"]]),
        "agreement": np.array([66.7, np.nan]),
        "sound": random.integers(0, 256, (2, 3, 50), np.uint8),
        "length": np.array([[50, 20, 0], [50, 50, 50]]),
        "rate": np.array(8000),
    }


def test_every_image_has_its_sound_and_those_without_have_no_player():
    given = figures()
    text = unit_strips(given)
    assert re.findall('<img src="(.*?)"', text) == [
        photograph(one, enlarged=1) for one in given["patch"].reshape(6, 8, 8, 3)
    ]
    lengths = zip(given["sound"].reshape(6, 50), given["length"].reshape(6), strict=True)
    assert re.findall('<audio controls preload="none" src="(.*?)"', text) == [
        wav.data_uri(sound[:count], 8000) for sound, count in lengths if count
    ]
    assert "Unit 7: 67 % of one class" in text
    assert "<p>Unit 2</p>" in text
    assert "&lt;c&gt;" in text


def test_images_alone_have_no_player():
    given = {name: value for name, value in figures().items() if name not in ("sound", "length", "rate")}
    assert "<audio" not in unit_strips(given)
    assert unit_strips({}) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("length", np.full((2, 3), 51)),
        ("length", np.full((2, 3), -1)),
        ("sound", np.zeros((2, 3, 50))),
        ("rate", np.array(0)),
        ("patch", np.zeros((2, 3, 8, 8, 3))),
        ("id", np.array(["a"])),
    ],
)
def test_figures_that_do_not_fit_are_refused(name, value):
    with pytest.raises(DataError, match="evaluate again"):
        unit_strips({**figures(), name: value})
