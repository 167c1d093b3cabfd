import pytest
import torch
from torch.nn import functional as F

from lessup.losses.ranking import ranking_loss
from lessup.transforms.draws import Draws
from lessup.transforms.triplets import triplets


def test_loss_is_that_of_a_plain_loop_over_both_hinges():
    torch.manual_seed(0)
    x = F.normalize(torch.randn(6, 5, dtype=torch.float64).relu(), dim=1)
    anchor, positive = torch.tensor([0, 2]), torch.tensor([1, 3])
    negative, active = torch.tensor([[4, 5, 2], [0, 5, 5]]), torch.tensor([[True, True, False], [True, False, True]])
    total = 0.0
    for m in range(2):
        a, p = x[anchor[m]], x[positive[m]]
        for k in range(3):
            if active[m, k]:
                n = x[negative[m, k]]
                total += max(0.0, (1 - a @ p).item() - (1 - a @ n).item() + 0.5)
                total += max(0.0, (1 - a @ p).item() - (1 - p @ n).item() + 0.5)
    assert ranking_loss(x @ x.T, anchor, positive, negative, active, margin=0.5).item() == pytest.approx(total / 12)


def test_gradient_is_that_of_differences():
    torch.manual_seed(0)
    x = torch.rand(8, 4, dtype=torch.float64, requires_grad=True)
    pair = torch.arange(8) // 2
    unit = F.normalize(x, dim=1).detach()
    chosen = triplets(unit @ unit.T, pair, Draws.at(0), margin=0.9, count=4, hardest=2)
    parts = (chosen.anchor, chosen.positive, chosen.negative, chosen.active)

    def loss(x):
        unit = F.normalize(x, dim=1)
        return ranking_loss(unit @ unit.T, *parts, margin=0.9)

    assert torch.autograd.gradcheck(loss, x)


def test_pairs_far_from_all_others_cost_nothing_and_no_pairs_neither():
    cosines = torch.kron(torch.eye(3), torch.ones(2, 2))
    first, second = torch.tensor([0, 2, 4]), torch.tensor([1, 3, 5])
    negative = torch.tensor([[2, 5], [0, 4], [1, 3]])
    active = torch.ones(3, 2, dtype=torch.bool)
    assert ranking_loss(cosines, first, second, negative, active, margin=1.0).item() == 0
    none = torch.zeros(0, dtype=torch.int64)
    assert ranking_loss(cosines, none, none, negative[:0], active[:0], margin=1.0).item() == 0
