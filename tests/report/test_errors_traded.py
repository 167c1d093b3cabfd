import json
import re

import numpy as np
import pytest
from scipy.stats import norm

from lessup.errors import DataError
from lessup.report.errors_traded import error_trade_off
from lessup.report.presentations import presentation

SHOWN = presentation("verification")


def figures(**changed):
    found = {"rows": np.array(["pixels", "model"])}
    for kind in ("pairs", "gaussian"):
        for row in ("pixels", "model"):
            found[f"{kind}_false_accept_{row}"] = np.array([0.0, 0.1, 0.5, 1.0])
            found[f"{kind}_false_reject_{row}"] = np.array([1.0, 0.3, 0.1, 0.0])
    return found | changed


def specs(text):
    return [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', text)]


def test_every_row_is_a_curve_of_normal_deviates_for_pairs_and_for_claims():
    drawn = specs(error_trade_off(figures(), SHOWN, method="drlim"))
    assert len(drawn) == 2
    for each in drawn:
        assert [curve["name"] for curve in each["data"]] == ["pixels", "drlim"]
        assert each["data"][1]["x"][1:3] == pytest.approx(norm.ppf([0.1, 0.5]), abs=1e-4)
        assert each["data"][1]["y"][1:3] == pytest.approx(norm.ppf([0.3, 0.1]), abs=1e-4)
        assert np.isfinite(each["data"][0]["x"]).all()
        assert len({curve["line"]["color"] for curve in each["data"]}) == 2
        place = each["layout"]["xaxis"]["ticktext"].index("10")
        assert each["layout"]["xaxis"]["tickvals"][place] == pytest.approx(norm.ppf(0.1), abs=1e-4)


def test_without_claims_there_are_the_pairs_alone_and_without_both_there_is_nothing():
    pairs = {name: value for name, value in figures().items() if not name.startswith("gaussian")}
    assert len(specs(error_trade_off(pairs, SHOWN, method="drlim"))) == 1
    assert error_trade_off({}, SHOWN, method="drlim") == ""


@pytest.mark.parametrize(
    "changed", [{"pairs_false_accept_model": np.array(["a"])}, {"pairs_false_reject_model": np.array([1.0])}]
)
def test_figures_that_do_not_fit_are_refused(changed):
    with pytest.raises(DataError, match="evaluate again"):
        error_trade_off(figures(**changed), SHOWN, method="drlim")


def test_names_from_the_file_are_text():
    text = error_trade_off(figures(), SHOWN, method="<b>x")
    assert "<b>x" not in text
