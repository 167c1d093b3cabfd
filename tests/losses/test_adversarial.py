import math

import pytest
import torch

from lessup.losses.adversarial import discriminator_loss, generator_loss, swapped_loss

REAL, GENERATED = [2.0, -0.5, 0.1], [-3.0, 1.5]


def entropy(logit, target):
    """Binary cross-entropy of one logit, from its definition."""
    probability = 1 / (1 + math.exp(-logit))
    return -(target * math.log(probability) + (1 - target) * math.log(1 - probability))


def mean(logits, target):
    return sum(entropy(logit, target) for logit in logits) / len(logits)


@pytest.fixture
def logits():
    return [torch.tensor(values, dtype=torch.float64) for values in (REAL, GENERATED)]


def test_discriminator_pays_for_real_called_generated_and_generated_called_real(logits):
    assert discriminator_loss(*logits).item() == pytest.approx((mean(REAL, 1) + mean(GENERATED, 0)) / 2)


def test_swapped_loss_is_the_discriminators_with_the_labels_swapped(logits):
    assert swapped_loss(*logits).item() == pytest.approx((mean(REAL, 0) + mean(GENERATED, 1)) / 2)


def test_generator_pays_for_being_found_out(logits):
    assert generator_loss(logits[1]).item() == pytest.approx(mean(GENERATED, 1))


@pytest.mark.parametrize("logit", [-1000.0, 1000.0])
def test_no_certainty_makes_a_loss_infinite_or_lets_the_gradient_of_the_loser_fade(logit):
    value = torch.tensor([logit], requires_grad=True)
    loss = generator_loss(value)
    (gradient,) = torch.autograd.grad(loss, value)
    assert loss.item() == pytest.approx(max(-logit, 0.0))
    assert gradient.item() == pytest.approx(-1.0 if logit < 0 else 0.0)
