import math

import pytest
import torch

from lessup.losses.pairs import contrastive_loss, exponential_loss


@pytest.fixture
def pairs():
    torch.manual_seed(0)
    return 9 * torch.rand(40, dtype=torch.float64), torch.rand(40) < 0.5


def test_exponential_loss_is_that_of_a_plain_loop(pairs):
    energy, different = pairs
    total, q = 0.0, 9.0
    for e, y in zip(energy.tolist(), different.int().tolist(), strict=True):
        total += (1 - y) * (2 / q) * e**2 + y * 2 * q * math.exp(-2.77 / q * e)
    assert exponential_loss(energy, different, bound=q).item() == pytest.approx(total / 40, rel=1e-12)


def test_contrastive_loss_is_that_of_a_plain_loop(pairs):
    distance, different = pairs
    total = 0.0
    for d, y in zip(distance.tolist(), different.int().tolist(), strict=True):
        total += y * 0.5 * max(0.0, 4.0 - d) ** 2 + (1 - y) * 0.5 * d**2
    assert contrastive_loss(distance, different, margin=4.0).item() == pytest.approx(total / 40, rel=1e-12)


def test_margin_is_on_the_distance_and_not_on_its_square():
    assert contrastive_loss(torch.tensor([1.5]), torch.tensor([True]), margin=2.0).item() == 0.125  # 0 if 2 - D^2
    assert contrastive_loss(torch.tensor([2.0]), torch.tensor([True]), margin=2.0).item() == 0


def test_a_different_pair_in_one_point_is_repelled_most():
    energy = torch.tensor([0.0, 1.0, 5.0], requires_grad=True)
    for loss in (
        exponential_loss(energy, torch.ones(3, dtype=torch.bool), bound=9.0),
        contrastive_loss(energy, torch.ones(3, dtype=torch.bool), margin=6.0),
    ):
        (slope,) = torch.autograd.grad(loss, energy)
        assert slope[0] < slope[1] < slope[2] < 0


def test_an_equal_pair_is_pulled_with_a_force_that_grows_with_its_distance():
    energy = torch.tensor([0.0, 1.0, 5.0], requires_grad=True)
    for loss in (
        exponential_loss(energy, torch.zeros(3, dtype=torch.bool), bound=9.0),
        contrastive_loss(energy, torch.zeros(3, dtype=torch.bool)),
    ):
        (slope,) = torch.autograd.grad(loss, energy)
        assert slope[0] == 0
        assert slope[0] < slope[1] < slope[2]


@pytest.mark.parametrize("kind", [torch.zeros, torch.ones])
def test_gradients_are_those_of_finite_differences(pairs, kind):
    energy = pairs[0][:5].clone().requires_grad_()
    different = kind(5, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda e: exponential_loss(e, different, bound=9.0), energy)
    assert torch.autograd.gradcheck(lambda e: contrastive_loss(e, different, margin=20.0), energy)


def test_no_pairs_cost_nothing():
    nothing = torch.zeros(0, requires_grad=True)
    assert exponential_loss(nothing, torch.zeros(0, dtype=torch.bool), bound=1.0).item() == 0
    assert contrastive_loss(nothing, torch.zeros(0, dtype=torch.bool)).item() == 0
