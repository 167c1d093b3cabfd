from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.evaluation.shape_blending import ShapeBlending
from lessup.samples.voxels import unpack


def test_cell_wise_mixing_is_even_in_probability_and_one_jump_at_the_threshold(toy, box_split):
    rows = ShapeBlending().measure(toy, box_split).rows
    assert rows["linear"]["smoothness"].mean == pytest.approx(1)
    assert rows["linear"]["smoothness_occupied"].mean == pytest.approx(9)  # all of it in one of nine steps
    assert rows["linear"]["occupancy"].mean == pytest.approx(100)
    for metric, score in rows["model"].items():  # the toy mixes cells too
        assert score.mean == pytest.approx(rows["linear"][metric].mean, rel=1e-5)


def test_numbers_equal_plain_loops_over_the_strip(toy, box_split):
    """The toy blends by a square root here, so its first step is the largest."""
    toy.blend = lambda first, second, weight: torch.lerp(first.float(), second.float(), weight**0.5)
    result = ShapeBlending(ShapeBlending.Config(pairs=3, steps=4)).measure(toy, box_split)
    weights = [number**0.5 for number in (0, 1 / 3, 2 / 3, 1)]
    steps = [after - before for before, after in pairwise(weights)]
    assert result.rows["model"]["smoothness"].mean == pytest.approx(max(steps) / (sum(steps) / 3), rel=1e-5)
    strips = unpack(torch.from_numpy(result.figures["model_bits"]).flatten(0, 1), 12).view(3, 4, -1)
    for pair in range(3):
        assert strips[pair].sum(1).tolist() == result.figures["model_occupied"][pair].tolist()


def test_pairs_are_the_same_every_time_and_join_two_classes(toy, box_split):
    figures, again = (ShapeBlending().measure(toy, box_split).figures for _ in range(2))
    assert figures["first_id"].tolist() == again["first_id"].tolist()
    assert len(figures["first_id"]) == 10
    for first, second in zip(figures["first_id"], figures["second_id"], strict=True):
        assert first.split("/")[0] != second.split("/")[0]


def test_one_class_is_blended_between_its_objects(toy, box_split):
    one = box_split.test.take(np.flatnonzero(box_split.test.label == 0))
    figures = ShapeBlending().measure(toy, replace(box_split, test=one)).figures
    for first, second in zip(figures["first_id"], figures["second_id"], strict=True):
        assert first.split("/")[1] != second.split("/")[1]


def test_strips_start_and_end_with_the_two_shapes(toy, box_split):
    figures = ShapeBlending().measure(toy, box_split).figures
    test = box_split.test
    place = {name: number for number, name in enumerate(test.id)}
    for pair in range(10):
        assert (figures["model_bits"][pair, 0] == test.bits[place[figures["first_id"][pair]]]).all()
        assert (figures["model_bits"][pair, -1] == test.bits[place[figures["second_id"][pair]]]).all()


def test_what_cannot_be_blended_is_refused(toy, box_split):
    with pytest.raises(UsageError, match="at least 2"):
        ShapeBlending(ShapeBlending.Config(steps=1)).measure(toy, box_split)
    one = box_split.test.take(np.arange(1))
    with pytest.raises(DataError, match="two test objects"):
        ShapeBlending().measure(toy, replace(box_split, test=one))
