from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lessup.errors import UsageError
from lessup.methods import Losses, Method
from lessup.probes.fine_tuning import FineTuned, FineTuningConfig
from lessup.transforms.draws import Draws


class Corners(Method):
    """Encodes how many cells are occupied at each height, which no turn about the upright axis changes."""

    @dataclass(frozen=True)
    class Config:
        width: int = 8

    paper = "none"
    reads = ("voxels",)
    layers = ("heights",)

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.eye(30, config.width))

    @classmethod
    def example(cls, batch_size):
        raise NotImplementedError

    def step(self, batch, draws):
        return Losses({})

    def encode(self, batch, layer=None):
        return batch["voxels"].float().mean((1, 2)) @ self.weight

    def optimizations(self, num_steps):
        return {}


def network(**config):
    return FineTuned(
        Corners(Corners.Config()).requires_grad_(False), None, 8, FineTuningConfig(num_classes=2, **config)
    )


def test_without_dropout_the_loss_is_the_cross_entropy_of_the_logits():
    tuned, batch = network(dropout=0.0).eval(), FineTuned.example(4)
    losses = tuned.step(batch, Draws.at(seed=0))
    wanted = F.cross_entropy(tuned.encode(batch), batch["label"])  # no turn changes what this network sees
    assert losses.players["classification"].item() == pytest.approx(wanted.item(), rel=1e-6)


def test_every_weight_is_trained_those_of_the_copied_network_too():
    tuned = network()
    tuned.step(FineTuned.example(4), Draws.at(seed=0)).players["classification"].backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in tuned.parameters())


def test_the_network_that_is_tuned_stays_as_it_was():
    trained = Corners(Corners.Config())
    tuned = FineTuned(trained, None, 8, FineTuningConfig(num_classes=2))
    with torch.no_grad():
        tuned.body.weight += 1
    assert trained.weight.equal(torch.eye(30, 8))


def test_the_loss_falls_on_one_batch():
    tuned, batch = network(learning_rate=1e-2), FineTuned.example(8)
    optimization = tuned.optimizations(15)["classification"]
    losses = []
    for step in range(15):
        loss = tuned.step(batch, Draws.at(seed=0, step=step)).players["classification"]
        optimization.optimizer.zero_grad()
        loss.backward()
        optimization.optimizer.step()
        optimization.schedule.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_rate_rises_then_falls_to_nothing():
    optimization = network().optimizations(100)["classification"]
    rates = []
    for _ in range(100):
        classifier, body = optimization.schedule.get_last_lr()
        assert body == pytest.approx(0.1 * classifier)
        rates.append(classifier)
        optimization.optimizer.step()
        optimization.schedule.step()
    assert rates[0] < rates[4]
    assert max(rates) == pytest.approx(1e-3, rel=0.02)
    assert rates[-1] < 1e-6


def test_the_decision_is_the_same_for_every_turn_of_a_shape():
    trained = Corners(Corners.Config())
    trained.encode = lambda batch, layer=None: batch["voxels"][:, :8].float().mean((2, 3))  # a turn changes it
    tuned = FineTuned(trained, None, 8, FineTuningConfig(num_classes=2)).eval()
    batch = FineTuned.example(3)
    batch["voxels"][:, :4] = False
    turned = batch | {"voxels": batch["voxels"].rot90(1, (1, 2)).flip(1)}
    assert not trained.encode(turned).equal(trained.encode(batch))
    assert torch.allclose(tuned.encode(turned), tuned.encode(batch), atol=1e-6)


def test_other_layers_do_not_exist():
    with pytest.raises(UsageError, match="no layer 'bottleneck': choose one of logits"):
        network().encode(FineTuned.example(1), "bottleneck")
