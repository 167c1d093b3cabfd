"""The classifier on a copy of a small network, beside losses by hand and weights that must not move."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lessup.errors import UsageError
from lessup.probes.image_fine_tuning import FineTunedImages, ImageFineTuningConfig, columns, fine_tuned
from lessup.runs import Training
from lessup.transforms.draws import Draws

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
from toy_images import ToyEncoder, discs, toy_backbone

TRAINED = ("fc8", "fc6-8", "all")


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def network(toy, **config):
    return FineTunedImages(toy, ImageFineTuningConfig(**{"num_classes": 3, "dropout": 0.0, **config}))


def after_three_steps(toy, trained):
    config = ImageFineTuningConfig(num_classes=3, trained=trained, hidden=8, learning_rate=0.1)
    return fine_tuned(toy, discs(4), config, Training(steps=3, batch_size=6))


@pytest.mark.parametrize("trained", TRAINED)
def test_a_layer_that_is_added_is_trained_unless_the_classifier_alone_is(toy, trained):
    tuned = network(toy, trained=trained, hidden=8)
    learning = {name.split(".")[0] for name, weight in tuned.named_parameters() if weight.requires_grad}
    wanted = {"fc8": {"decide"}, "fc6-8": {"body", "added", "decide"}, "all": {"body", "added", "decide"}}
    assert learning == wanted[trained]


@pytest.mark.parametrize(("channels", "width"), [(256, 4096), (128, 512)])
def test_added_layers_are_as_wide_as_alexnets_behind_a_map_as_large_as_its_own(toy, channels, width):
    stages = {"pool5": nn.Sequential(nn.Conv2d(3, channels, 1), nn.AdaptiveAvgPool2d(6))}
    toy.backbone = type(toy.backbone)(stages, side=16, channels=3, default="pool5")
    assert network(toy).added["fc6"][0].weight.shape == (width, 36 * channels)


@pytest.mark.parametrize("trained", TRAINED)
def test_only_the_layers_of_the_column_are_trained(toy, trained):
    tuned = after_three_steps(toy, trained)
    stages = tuned.body.backbone.stages
    moved = {
        name: any(
            not now.equal(then)
            for now, then in zip(stages[name].state_dict().values(), stage.state_dict().values(), strict=True)
        )
        for name, stage in toy.backbone.stages.items()
        if stage.state_dict()
    }
    assert moved == {"conv1": trained == "all", "conv2": trained == "all", "fc6": trained != "fc8"}


def test_the_network_that_is_tuned_stays_as_it_was_and_the_result_repeats(toy):
    before = {name: value.clone() for name, value in toy.state_dict().items()}
    first, second = after_three_steps(toy, "all"), after_three_steps(toy, "all")
    assert all(value.equal(before[name]) for name, value in toy.state_dict().items())
    assert all(one.equal(other) for one, other in zip(first.parameters(), second.parameters(), strict=True))


def test_added_layers_that_are_not_trained_keep_the_scale_of_the_data(toy):
    """Behind frozen weights, magic-init gives every channel of the added fc7 variance 1 before its ReLU."""
    samples = discs(20)
    tuned = network(toy, trained="fc8", hidden=8)
    tuned.begin(samples, seed=0)
    images = toy.prepared(samples.batch(np.arange(len(samples))))
    with torch.no_grad():
        linear = tuned.added["fc7"][0](toy.backbone(images))
    assert linear.std(0) == pytest.approx(1, abs=0.05)


def test_tags_that_are_not_to_be_counted_have_no_part_in_the_loss(toy):
    samples, tuned = discs(2, several=True), network(toy, several=True).eval()
    batch = samples.batch(np.arange(6))
    hidden = torch.zeros(6, 3, dtype=torch.bool)
    hidden[0, 1] = hidden[3, :2] = True
    batch["tags"] = batch["tags"].masked_fill(hidden, -1)
    tuned.begin(samples, seed=0)
    loss = tuned.step(batch, Draws.at(seed=0)).players["classification"]
    logits = tuned._logits(tuned._crops(batch, Draws.at(seed=0)), None).double().detach().numpy()
    by_hand = 0.0
    for row in range(6):
        for number in range(3):
            if not hidden[row, number]:
                sign = 1 if batch["tags"][row, number] == 1 else -1
                by_hand += np.log1p(np.exp(-sign * logits[row, number]))
    assert loss.item() == pytest.approx(by_hand / 6, rel=1e-5)


def test_crops_of_test_images_are_random_but_the_same_for_every_network(toy):
    samples, tuned = discs(3), network(toy)
    first, second = tuned.eval().classify_crops(samples, 4), tuned.classify_crops(samples, 4)
    assert first.shape == (4, 9, 3)
    np.testing.assert_array_equal(first, second)
    assert (first[0] != first[1]).any()


def test_a_network_without_linear_layers_behind_a_vector_has_no_column_for_them(toy):
    stages = dict(toy_backbone().stages)
    stages["pooled"] = stages.pop("fc6")
    toy.backbone = type(toy.backbone)(stages, side=16, channels=3, default="pooled")
    assert columns(toy) == ("fc8", "all")
    with pytest.raises(UsageError, match="choose among fc8, all"):
        network(toy, trained="fc6-8")


@pytest.mark.parametrize(("optimizer", "rates"), [("sgd", [1, 0.5, 0.25]), ("adamw", None)])
def test_the_published_rate_is_halved_and_that_of_adamw_falls_to_nothing(toy, optimizer, rates):
    optimization = network(toy, optimizer=optimizer, learning_rate=1.0).optimizations(80)["classification"]
    found = []
    for _ in range(80):
        found.append(optimization.schedule.get_last_lr()[0])
        optimization.optimizer.step()
        optimization.schedule.step()
    if rates:
        assert found[:30:10] == rates
    else:
        assert max(found) == pytest.approx(1, abs=0.02)
        assert found[-1] < 1e-3
