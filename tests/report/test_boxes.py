import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from lessup.errors import DataError
from lessup.masks.overlays import FOUND, TRUE
from lessup.report.boxes import LEAST, box_strips, threshold_chart
from lessup.report.presentations import presentation

SHOWN = presentation("localization")


def figures(**changed):
    rng = np.random.default_rng(0)
    found = {
        "rows": np.array(["central_box", "model"]),
        "thresholds": np.array([0.0, 0.5]),
        "curve_central_box": np.array([40.0, 40.0]),
        "curve_model": np.array([10.0, 60.0]),
        "example_image": rng.integers(1, 255, (2, 50, 90, 3), np.uint8),
        "example_map": rng.integers(0, 255, (2, 50, 90), np.uint8),
        "example_extent": np.array([[50, 60], [40, 90]]),
        "example_found": np.array([[[5.0, 6, 25, 26]], [[0.0, 0, 0, 0]]]),
        "example_true": np.array([[[5.0, 6, 30, 26], [0, 0, 0, 0]], [[1, 2, 9, 9], [20, 20, 40, 30]]]),
        "example_class": np.array(["cat", "<dog>"]),
        "example_named": np.array(["cow", "<dog>"]),
        "example_overlap": np.array([0.8, 0.0]),
    }
    return found | changed


def pictures(text):
    contents = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))) for content in contents]


def test_every_photograph_has_its_own_shape_its_map_and_both_boxes():
    text = box_strips(figures())
    shown = pictures(text)
    assert [picture.shape for picture in shown] == [(200, 240, 3)] * 3 + [(160, 360, 3)] * 3
    assert min(min(picture.shape[:2]) for picture in shown) >= LEAST
    red, green = ((shown[2] == colour).all(2) for colour in (FOUND, TRUE))
    assert red[4 * 6, 4 * 5 : 4 * 25].all()
    assert not red[4 * 26 :].any()
    assert green[4 * 6 : 4 * 26, 4 * 30 - 1].all()
    assert not (shown[5] == FOUND).all(2).any(), "nothing was found"
    assert (shown[5] == TRUE).all(2)[4 * 20, 4 * 20 : 4 * 40].all()
    assert "overlap 0.80" in text
    assert 'class="wrong"' in text
    assert "&lt;dog&gt;" in text
    assert "<dog>" not in text


def test_curve_of_every_row_is_drawn_over_the_threshold():
    spec = json.loads(re.search(r"json\">(.*?)</script>", threshold_chart(figures(), SHOWN, method="cam")).group(1))
    assert [trace["name"] for trace in spec["data"]] == ["central box, three quarters of each side", "cam"]
    assert spec["data"][1]["x"] == [0.0, 50.0]
    assert spec["data"][1]["y"] == [10.0, 60.0]


def test_without_figures_there_is_nothing():
    assert box_strips({}) == threshold_chart({}, SHOWN, method="cam") == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"example_image": np.zeros((2, 50, 90, 3))},
        {"example_map": np.zeros((2, 50, 89), np.uint8)},
        {"example_extent": np.array([[50, 91], [40, 90]])},
        {"example_found": np.zeros((2, 4))},
        {"example_true": np.zeros((2, 4))},
        {"example_overlap": np.zeros(3)},
        {"example_overlap": np.array([np.nan, 0])},
        {"example_map": np.full((2, 50, 90), "x")},
    ],
)
def test_figures_that_do_not_fit_together_are_damaged(changed):
    with pytest.raises(DataError, match="evaluate again"):
        box_strips(figures(**changed))


def test_curve_of_another_length_is_damaged():
    with pytest.raises(DataError, match="curve_model"):
        threshold_chart(figures(curve_model=np.zeros(3)), SHOWN, method="cam")
