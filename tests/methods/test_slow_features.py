from dataclasses import replace

import pytest
import torch

from lessup.errors import UsageError
from lessup.methods import egomotion, slow_features
from lessup.methods.slow_features import SlowFeatures, SlowFeaturesConfig
from lessup.transforms.draws import Draws
from lessup.transforms.rigid_motion import Motion

SMALL = SlowFeaturesConfig(backbone="egomotion-digits-small", channels=1)


def built(config: SlowFeaturesConfig = SMALL) -> SlowFeatures:
    torch.manual_seed(0)
    return SlowFeatures(config)


def blobs(count: int) -> dict[str, torch.Tensor]:
    image = torch.zeros(count, 1, 28, 28)
    image[:, :, 8:20, 12:15] = 1
    image[:, :, 8:11, 12:20] = 1
    return {"image": image, "extent": torch.full((count, 2), 28)}


def test_a_share_of_the_pairs_is_near_and_the_others_are_drawn_among_all():
    motion = built().motions(20_000, Draws.at(0))
    near = built().near(motion)
    by_chance = 3 / 7 * 3 / 7 * 6 / 60  # shifts of -1, 0, 1 of -3 to 3, and 6 of 60 degrees
    assert near.float().mean().item() == pytest.approx(0.5 + 0.5 * by_chance, abs=0.01)
    assert motion.shift.unique().tolist() == [*range(-3, 4)]
    assert motion.degrees.abs().max() > 29
    assert motion.shift[near].unique().tolist() == [-1, 0, 1]
    assert motion.degrees[near].abs().max() <= 3


@torch.no_grad()
def test_loss_is_that_of_a_loop_over_the_pairs():
    method, batch = built(replace(SMALL, margin=30.0)).eval(), blobs(6)
    losses = method.step(batch, Draws.at(3))
    motion = method.motions(6, Draws.at(3))
    second = motion.applied(batch["image"])
    costs, distances = [], {True: [], False: []}
    for number in range(6):
        codes = [method.backbone(view[number : number + 1]).double() for view in (batch["image"], second)]
        distance = ((codes[0] - codes[1]) ** 2).sum() ** 0.5
        shifted, turned = motion.shift[number].abs().max() <= 1, motion.degrees[number].abs() <= 3
        near = bool(shifted and turned)
        costs.append(0.5 * distance**2 if near else 0.5 * max(0, 30 - distance) ** 2)
        distances[near].append(distance.item())
    assert all(distances.values()), "both kinds of pairs"
    assert losses.players["pairs"].item() == pytest.approx(float(sum(costs)) / 6, rel=1e-4)
    assert losses.log["near"].item() == pytest.approx(sum(distances[True]) / len(distances[True]), rel=1e-4)
    assert losses.log["far"].item() == pytest.approx(sum(distances[False]) / len(distances[False]), rel=1e-4)


def test_views_that_are_equal_are_near_and_cost_nothing():
    method = built(replace(SMALL, shift=0, degrees=0.0, near_shift=0, near_degrees=0.0))
    assert method.near(Motion(torch.zeros(1, 2), torch.zeros(1))).all()
    loss = method.step(blobs(2), Draws.at(0)).players["pairs"]
    loss.backward()
    assert loss < 1e-6
    assert all(weight.grad.isfinite().all() for weight in method.parameters())


def test_near_views_come_together_and_far_ones_stay_apart():
    method = built(replace(SMALL, optimizer="adamw", learning_rate=1e-3))
    before = method.step(blobs(32), Draws.at(9)).log
    optimizer = method.optimizations(60)["pairs"].optimizer
    for number in range(25):
        optimizer.zero_grad()
        method.step(blobs(16), Draws.at(1, number)).players["pairs"].backward()
        optimizer.step()
    after = method.step(blobs(32), Draws.at(9)).log
    assert after["near"] < 0.8 * before["near"]
    assert after["far"] > 7, "the margin is 10"


def test_it_shares_network_and_training_with_egomotion():
    for name in ("paper", "cpu"):
        mine, other = getattr(slow_features, name)(), getattr(egomotion, name)()
        assert mine.training == other.training
        for setting in ("backbone", "layer", "shift", "degrees", "optimizer", "momentum", "weight_decay"):
            assert getattr(mine.config, setting) == getattr(other.config, setting), setting


@pytest.mark.parametrize(
    "wrong",
    [
        {"shift": -1},
        {"degrees": 200.0},
        {"near_shift": 4},
        {"near_degrees": -1.0},
        {"margin": 0.0},
        {"near_share": 2.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError, match="wanted"):
        SlowFeatures(replace(SMALL, **wrong))
