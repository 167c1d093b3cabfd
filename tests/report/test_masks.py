import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.masks import mask_strips
from lessup.report.presentations import presentation

SHOWN = presentation("segmentation")


def figures(**changed):
    rng = np.random.default_rng(0)
    found = {
        "classes": np.array(["background", "cat", "<dog>"]),
        "example_image": rng.integers(1, 255, (2, 6, 8, 3), np.uint8),
        "example_truth": rng.integers(-1, 3, (2, 6, 8)).astype(np.int16),
        "example_model": np.ones((2, 6, 8), np.int16),
        "example_random": np.zeros((2, 6, 8), np.int16),
    }
    return found | changed


def test_every_photograph_stands_beside_the_truth_and_what_was_found():
    text = mask_strips(figures(), SHOWN, method="bigan")
    assert text.count("<img") == 2 * 4
    for caption in ("photograph", "truth", "bigan", "random weights"):
        assert text.count(f"<figcaption>{caption}</figcaption>") == 2
    assert "&lt;dog&gt;" in text
    assert "background</span>" not in text


def test_without_pictures_there_is_nothing():
    assert mask_strips({}, SHOWN, method="bigan") == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"example_image": np.zeros((2, 6, 8, 3))},
        {"example_truth": np.zeros((2, 6, 7), np.int16)},
        {"example_model": np.full((2, 6, 8), 3, np.int16)},
    ],
)
def test_figures_that_do_not_fit_together_are_damaged(changed):
    with pytest.raises(DataError, match="evaluate again"):
        mask_strips(figures(**changed), SHOWN, method="bigan")
