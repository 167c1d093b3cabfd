import json
import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.labels import labels_chart
from lessup.report.presentations import presentation

SHOWN = presentation("labels-curve")


def figures(**changed):
    found = {
        "labels": np.array([1, 5, 10]),
        "rows": np.array(["chance", "random", "model"]),
        "metric": np.array("accuracy"),
    }
    for place, row in enumerate(("chance", "random", "model")):
        found[f"mean_{row}"] = np.array([10.0, 20, 30]) + place
        found[f"std_{row}"] = np.array([0.5, 1, 1.5])
    return found | changed


def spec(text):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', text).group(1))


def test_every_row_is_a_curve_with_its_spread_over_the_logarithm_of_the_labels():
    drawn = spec(labels_chart(figures(), SHOWN, method="bigan"))
    assert [curve["name"] for curve in drawn["data"]] == ["chance", "untrained network", "bigan"]
    assert drawn["data"][2]["x"] == [1, 5, 10]
    assert drawn["data"][2]["y"] == [12, 22, 32]
    assert drawn["data"][2]["error_y"]["array"] == [0.5, 1, 1.5]
    assert drawn["layout"]["xaxis"]["type"] == "log"
    assert drawn["layout"]["yaxis"]["title"]["text"] == "accuracy, %"
    assert len({curve["line"]["color"] for curve in drawn["data"]}) == 3


def test_levels_that_a_row_lacks_are_left_out():
    drawn = spec(labels_chart(figures(mean_model=np.array([1.0, np.nan, 3])), SHOWN, method="bigan"))
    assert drawn["data"][2]["x"] == [1, 10]


def test_without_levels_there_is_nothing():
    assert labels_chart({}, SHOWN, method="bigan") == ""


@pytest.mark.parametrize("changed", [{"labels": np.array([0, 1, 2])}, {"mean_model": np.array([1.0])}])
def test_figures_that_do_not_fit_together_are_damaged(changed):
    with pytest.raises(DataError, match="evaluate again"):
        labels_chart(figures(**changed), SHOWN, method="bigan")
