import json
import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.presentations import presentation
from lessup.report.repairs import before_and_after, error_chart
from lessup.report.tables import Cell
from lessup.samples.voxels import pack

SHOWN = presentation("shape-repair")


@pytest.fixture
def figures():
    clean = np.zeros((1, 10, 10, 10), bool)
    clean[0, 2:6, 2:6, 2:6] = True
    damaged = clean.copy()
    damaged[0, 2:4] = False  # 32 of 64 cells
    repaired = clean.copy()
    repaired[0, 2, 2, 2] = False  # 31 put back
    repaired[0, 8, 8, 8:10] = True  # 2 too many
    return {
        "side": np.array(10),
        "example_id": np.array(["chair_<1>"]),
        "example_clean": pack(clean),
        "example_half_corrupted": pack(damaged),
        "example_half_repaired": pack(repaired),
    }


def spec(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', text).group(1))


def test_cells_are_counted_and_coloured_by_what_became_of_them(figures):
    text = before_and_after(figures, SHOWN)
    (choice,) = spec(text)["choices"]
    assert (
        choice["about"] == "one half removed. 32 of 64 cells are gone; 31 of them put back, 2 put where nothing belongs"
    )
    colours = [[trace["color"] for trace in panel] for panel in choice["panels"]]
    assert colours[:2] == [["var(--kept)"]] * 2
    assert colours[2] == ["var(--kept)", "var(--restored)", "var(--extra)", "var(--missing)"]
    assert "chair_<1>" not in text


def test_examples_without_a_damaged_copy_are_left_out(figures):
    figures["example_rand_30_corrupted"] = np.zeros_like(figures["example_clean"])
    figures["example_rand_30_repaired"] = np.zeros_like(figures["example_clean"])
    assert len(spec(before_and_after(figures, SHOWN))["choices"]) == 1


def test_figures_that_do_not_fit_are_named(figures):
    figures["example_half_corrupted"] = np.zeros((2, 125), np.uint8)
    with pytest.raises(DataError, match="example_half_corrupted"):
        before_and_after(figures, SHOWN)


def test_no_examples_no_panels():
    assert before_and_after({}, SHOWN) == ""


def test_chart_has_a_line_a_row_and_marks_for_the_published():
    ours = {row: {"rand_30": Cell(1.0), "half": Cell(2.0)} for row in ("identity", "empty", "closing", "model")}
    data = spec(error_chart(ours, {"CAE": {"rand_30": Cell(3.18)}}, SHOWN, method="mine"))["data"]
    assert [trace["name"] for trace in data] == ["unchanged", "3 x 3 x 3 closing", "mine", "CAE, published"]
    assert data[2]["y"] == [1.0, 2.0]
    assert data[3]["y"] == [3.18, None]
