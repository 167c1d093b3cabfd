import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.patches import patch_strips, photograph


def figures():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 8, 3), np.uint8)
    found = {
        f"{row}_{what}": values
        for row, start in (("model", 0), ("random", 1))
        for what, values in {
            "patch": pixels[:, start : start + 2],
            "id": np.array([["a", "b"], ["c", "d"]]),
            "label": np.array([[0, 1], [1, 1]]),
            "cosine": np.array([[0.9, 0.8], [0.7, 0.6]]),
        }.items()
    }
    return {"query_patch": pixels[:, 0], "query_id": np.array(["q", "<r>"]), "query_label": np.array([0, 1]), **found}


def test_every_query_leads_what_both_networks_found():
    given = figures()
    text = patch_strips(given, left="a patch, then the patches")
    wanted = []
    for query in range(2):
        for row in ("model", "random"):
            wanted += [photograph(given["query_patch"][query]), *map(photograph, given[f"{row}_patch"][query])]
    assert re.findall('src="(.*?)"', text) == wanted
    captions = re.findall("<figcaption>(.*?)</figcaption>", text)
    assert captions[:6] == ["q, trained", "0.90", "0.80", "q, untrained", "0.90", "0.80"]
    assert "&lt;r&gt;, trained" in captions
    assert re.findall("<figure(.*?)>", text)[:3] == [' class="query"', "", ' class="wrong"']


def test_any_number_of_channels_can_be_shown():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 6), np.uint8)
    assert photograph(pixels) == photograph(pixels[:, :, :3])
    assert photograph(pixels[:, :, :2]) == photograph(pixels[:, :, :1])


def test_figures_that_do_not_fit_are_refused_and_none_give_nothing():
    assert patch_strips({}, left="") == ""
    for name, values in {
        "model_patch": figures()["model_patch"][:1],
        "random_cosine": np.zeros((2, 5)),
        "query_patch": figures()["query_patch"].astype(float),
    }.items():
        with pytest.raises(DataError, match="evaluate again"):
            patch_strips({**figures(), name: values}, left="")
