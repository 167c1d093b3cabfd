"""The rates of the two schedules that several methods share, update by update."""

import math

import pytest
import torch
from torch import nn

from lessup.optimization import (
    DescentConfig,
    Optimization,
    adamw_with_cosine,
    decaying_apart,
    descent,
    in_quarters,
    sgd_with_most_of_a_cosine,
)


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


def test_most_of_a_cosine_leaves_a_fifth_of_the_rate_and_momentum_is_nesterovs():
    groups = decaying_apart(nn.Linear(2, 1), 0.1)
    optimization = sgd_with_most_of_a_cosine(groups, 2.0, 0.9, 100)
    found = rates(optimization, 100)
    assert found[0] == 2.0
    assert found[50] == pytest.approx(2 * math.cos(7 * math.pi / 32))
    assert found[99] == pytest.approx(0.4, abs=0.02)
    assert all(group["nesterov"] and group["momentum"] == 0.9 for group in optimization.optimizer.param_groups)


def test_biases_and_normalisations_do_not_decay_and_what_is_not_learnt_is_left_out():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 1))
    network[2].requires_grad_(False)
    weights, others = decaying_apart(network, 0.1)
    assert (weights["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    assert [weight.ndim for weight in weights["params"]] == [4]
    assert [weight.ndim for weight in others["params"]] == [1, 1, 1]


def test_descent_by_sgd_has_the_rate_decay_and_momentum_of_the_config_and_falls_in_quarters():
    config = DescentConfig(learning_rate=2.0, momentum=0.7, weight_decay=0.1)
    optimization = descent(config, nn.Linear(2, 1), 4)
    (group,) = optimization.optimizer.param_groups
    assert isinstance(optimization.optimizer, torch.optim.SGD)
    assert (group["momentum"], group["weight_decay"], len(group["params"])) == (0.7, 0.1, 2)
    assert rates(optimization, 4) == pytest.approx([2, 0.2, 0.02, 0.002])


def test_descent_by_adamw_rises_and_falls_whatever_becomes_of_the_rate_of_sgd():
    config = DescentConfig(optimizer="adamw", learning_rate=2.0, weight_decay=0.1)
    optimization = descent(config, nn.Linear(2, 1), 100, schedule=lambda sgd, _: Optimization(sgd))
    assert isinstance(optimization.optimizer, torch.optim.AdamW)
    assert optimization.optimizer.param_groups[0]["weight_decay"] == 0.1
    assert rates(optimization, 100) == pytest.approx(rates(adamw_with_cosine(nn.Linear(1, 1), 2.0, 0.0, 100), 100))


def test_descent_takes_another_schedule_of_sgd():
    config = DescentConfig(learning_rate=2.0, weight_decay=0.0)
    assert descent(config, nn.Linear(1, 1), 9, schedule=lambda sgd, _: Optimization(sgd)).schedule is None


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_groups_keep_their_own_rates_and_decays(optimizer):
    first, second = nn.Linear(1, 1), nn.Linear(1, 1)
    groups = [{"params": [*first.parameters()], "lr": 3.0}, {"params": [*second.parameters()], "weight_decay": 0.5}]
    config = DescentConfig(optimizer=optimizer, learning_rate=2.0, weight_decay=0.1)
    found = descent(config, groups, 8).optimizer.param_groups
    assert [group["initial_lr"] for group in found] == [3.0, 2.0]
    assert [group["weight_decay"] for group in found] == [0.1, 0.5]
