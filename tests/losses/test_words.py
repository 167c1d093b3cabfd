import math

import pytest
import torch

from lessup.losses.words import choices_loss


def test_loss_is_the_mean_over_pairs_of_what_their_choices_cost():
    score, yes = torch.tensor([0.5, -1.0, 2.0, 30.0, -30.0]), torch.tensor([True, False, False, True, False])
    sigmoid = [1 / (1 + math.exp(-each)) for each in score.tolist()]
    right = [one if true else 1 - one for one, true in zip(sigmoid, yes.tolist(), strict=True)]
    assert choices_loss(score, yes, 2).item() == pytest.approx(-sum(map(math.log, right)) / 2, rel=1e-6)
    assert choices_loss(score[:0], yes[:0], 0) == 0


def test_gradient_is_what_the_sigmoid_is_wrong_by():
    score = torch.linspace(-8, 8, 9, dtype=torch.float64, requires_grad=True)
    yes = torch.arange(9) % 2 == 0
    choices_loss(score, yes, 1).backward()
    torch.testing.assert_close(score.grad, torch.sigmoid(score.detach()) - yes.double())
    torch.autograd.gradcheck(lambda x: choices_loss(x, yes, 3), score)
