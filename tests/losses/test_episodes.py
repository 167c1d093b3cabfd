import math

import numpy as np
import pytest
import torch

from lessup.losses.episodes import attention_scores, episode_loss, prototype_scores

KNOWN = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
ASKED = torch.randn(5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABEL = torch.tensor([0, 2, 1, 2, 0, 2])


def test_prototype_scores_are_those_of_loops():
    found = prototype_scores(KNOWN, LABEL, ASKED)
    for q in range(5):
        for k in range(3):
            mean = np.mean([KNOWN[s].numpy() for s in range(6) if LABEL[s] == k], axis=0)
            assert found[q, k].item() == pytest.approx(-sum((ASKED[q].numpy() - mean) ** 2))


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_attention_scores_are_those_of_loops(scale):
    found = attention_scores(KNOWN, LABEL, ASKED, scale=scale).exp()
    for q in range(5):
        cosines = [float(ASKED[q] @ one / (ASKED[q].norm() * one.norm())) for one in KNOWN]
        total = sum(math.exp(scale * one) for one in cosines)
        for k in range(3):
            own = sum(math.exp(scale * one) for one, label in zip(cosines, LABEL, strict=True) if label == k)
            assert found[q, k].item() == pytest.approx(own / total)


def test_loss_is_the_mean_of_minus_the_logarithm_of_the_softmax_of_the_right_class():
    target = torch.tensor([0, 1, 2, 1, 0])
    for scores in (prototype_scores(KNOWN, LABEL, ASKED), attention_scores(KNOWN, LABEL, ASKED)):
        loss, accuracy = episode_loss(scores, target)
        rows = scores.numpy()
        wanted = np.mean([-math.log(math.exp(row[t]) / np.exp(row).sum()) for row, t in zip(rows, target, strict=True)])
        assert loss.item() == pytest.approx(wanted)
        assert accuracy.item() == pytest.approx(100 * np.mean(rows.argmax(1) == target.numpy()))


def test_gradients_are_those_of_finite_differences():
    known, asked = KNOWN.clone().requires_grad_(), ASKED.clone().requires_grad_()
    target = torch.tensor([0, 1, 2, 1, 0])
    for scores in (prototype_scores, attention_scores):
        assert torch.autograd.gradcheck(lambda k, a: episode_loss(scores(k, LABEL, a), target)[0], (known, asked))  # noqa: B023


def test_nothing_asked_costs_nothing():
    loss, accuracy = episode_loss(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
    assert (loss.item(), accuracy.item()) == (0, 0)
