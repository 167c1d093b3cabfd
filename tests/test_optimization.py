"""The rates of the two schedules that several methods share, update by update."""

import math

import pytest
import torch
from torch import nn

from lessup.optimization import adamw_with_cosine, in_quarters


def rates(optimization, num_steps):
    found = []
    for _ in range(num_steps):
        found.append(optimization.optimizer.param_groups[0]["lr"])
        optimization.optimizer.step()
        optimization.schedule.step()
    return found


def test_in_quarters_divides_the_rate_by_ten_three_times():
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    assert rates(in_quarters(sgd, 8), 8) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_the_cosine_rises_over_a_twentieth_and_falls_to_nothing():
    found = rates(adamw_with_cosine(nn.Linear(1, 1), 2.0, 0.0, 100), 100)
    assert found[:4] == pytest.approx([0.4, 0.8, 1.2, 1.6])
    assert found[50] == pytest.approx(1.0)
    assert found[99] == pytest.approx(1 + math.cos(0.99 * math.pi))
