import math

import pytest
import torch

from lessup.losses.classification import label_loss, tag_loss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.3, 0.2], [-1.0, 1.0, 4.0]], dtype=torch.float64)


def shares(row):
    """Softmax of a row, from its definition."""
    powers = [math.exp(value) for value in row]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_loss_of_labels_is_the_mean_over_those_known(smoothing):
    loss, accuracy = label_loss(LOGITS, torch.tensor([0, -1, 1]), smoothing=smoothing)
    wanted = 0.0
    for row, label in ((0, 0), (2, 1)):
        logs = [math.log(share) for share in shares(LOGITS[row].tolist())]
        wanted -= ((1 - smoothing) * logs[label] + smoothing * sum(logs) / 3) / 2
    assert loss.item() == pytest.approx(wanted)
    assert accuracy.item() == 50


def test_loss_of_tags_is_the_sum_over_the_known_ones_of_an_image():
    tags = torch.tensor([[1, 1, -1], [0, 1, 0], [-1, -1, -1]], dtype=torch.int8)
    loss, accuracy = tag_loss(LOGITS, tags)
    wanted, right = 0.0, []
    for row, kind in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2)):
        share = 1 / (1 + math.exp(-LOGITS[row, kind].item()))
        there = bool(tags[row, kind])
        wanted -= math.log(share if there else 1 - share) / 3
        right.append((share > 0.5) == there)
    assert loss.item() == pytest.approx(wanted)
    assert accuracy.item() == pytest.approx(100 * sum(right) / 5)


@pytest.mark.parametrize("loss", [label_loss, tag_loss])
def test_nothing_known_costs_nothing_and_gives_a_gradient_of_zero(loss):
    logits = LOGITS.clone().requires_grad_(True)
    unknown = torch.full((3,), -1) if loss is label_loss else torch.full((3, 3), -1, dtype=torch.int8)
    found, accuracy = loss(logits, unknown)
    found.backward()
    assert (found.item(), accuracy.item()) == (0, 0)
    assert not logits.grad.any()


def test_gradients_are_those_of_the_losses():
    logits = LOGITS.clone().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: label_loss(x, torch.tensor([0, -1, 1]), smoothing=0.1)[0], logits)
    tags = torch.tensor([[1, 1, -1], [0, 1, 0], [0, 0, 1]], dtype=torch.int8)
    assert torch.autograd.gradcheck(lambda x: tag_loss(x, tags)[0], logits)
