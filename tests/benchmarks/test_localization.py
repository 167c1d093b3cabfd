"""Boxes are voted on, parts are told apart by names, and what chooses is not what is reported."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    pytest.importorskip("timm")
    monkeypatch.syspath_prepend(BENCHMARKS)
    import localization

    yield localization
    for name in ("localization", "record"):
        sys.modules.pop(name)


def steps(*boxes):
    """Return a map that rises by equal steps within boxes inside one another."""
    score_map = np.zeros((64, 64))
    for place, (left, top, right, bottom) in enumerate(boxes, 1):
        score_map[top:bottom, left:right] = place / len(boxes)
    return score_map


def test_box_that_most_thresholds_give_wins_over_one_that_few_give(script):
    whole, middle, peak = (0, 0, 64, 64), (8, 8, 40, 40), (20, 20, 24, 24)
    score_map = np.full((64, 64), 0.1)
    score_map[8:40, 8:40] = 0.6
    score_map[20:24, 20:24] = 1.0
    assert script.agreed(score_map, "maximum", [0.0]).tolist() == [list(middle)]
    assert script.agreed(np.ones((64, 64)), "maximum", [0.0]).tolist() == [list(whole)]
    assert script.agreed(score_map, "maximum", [0.0]).tolist() != [list(peak)]


def test_central_boxes_win_where_they_have_the_vote_or_a_map_says_nothing(script):
    corner = steps((0, 0, 20, 20))
    assert script.agreed(corner, "maximum", [0.0]).tolist() == [[0, 0, 20, 20]]
    assert script.agreed(corner, "maximum", [0.9]).tolist() == [[4, 4, 60, 60]]
    assert script.agreed(np.zeros((64, 64)), "maximum", [0.0]).shape == (1, 4)


class Few:
    """Three images of which the first chooses."""

    choosing = 1
    images = range(3)


def test_rows_report_the_images_that_choose_nothing(script):
    table = script.Table(Few(), np.array([True, True, False]), {}, {})
    table.add("row", np.arange(3), np.array([1.0, 0.2, 0.7]))
    assert table.rows["row"] == {"n": 2, "given": 50.0, "top1": 0.0}
    table.add("central box", np.arange(3), np.array([1.0, 0.9, 0.9]))
    table.add("model", np.arange(3), np.array([1.0, 0.9, 0.1]))
    assert script.gains(table)["model"] == {"over": "central box", "points": -50.0, "standard_error": 50.0}
