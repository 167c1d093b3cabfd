"""A fully convolutional network on a small trained one, against plain loops in float64."""

import numpy as np
import pytest
import torch
from torch import nn

from lessup import methods
from lessup.probes.fcn import FCN, FCNConfig
from lessup.training import build
from lessup.transforms.draws import Draws


@pytest.fixture(scope="module")
def encoder():
    """Return a network whose batch normalisations have seen some images."""
    method = build("autoencoder", methods.recipes("autoencoder")["cpu"]().config, seed=0)
    with torch.no_grad():
        for seed in range(3):
            torch.manual_seed(seed)
            method.backbone(torch.randn(8, 3, 64, 64))
    return method.eval()


@pytest.fixture
def network(encoder):
    torch.manual_seed(0)
    made = FCN(encoder, FCNConfig(num_classes=2, side=64))
    nn.init.normal_(made.score.weight, std=0.3)
    nn.init.normal_(made.score.bias)
    return made


def enlarged(maps, height, width):
    """Return (C, H, W) float64: bilinear between the centres of the pixels of (C, h, w), the edge beyond the last."""
    _, rows, columns = maps.shape
    found = np.empty((len(maps), height, width))
    for y in range(height):
        for x in range(width):
            down = min(max((y + 0.5) * rows / height - 0.5, 0), rows - 1)
            across = min(max((x + 0.5) * columns / width - 0.5, 0), columns - 1)
            top, left = int(down), int(across)
            bottom, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
            share, part = down - top, across - left
            upper = (1 - part) * maps[:, top, left] + part * maps[:, top, right]
            lower = (1 - part) * maps[:, bottom, left] + part * maps[:, bottom, right]
            found[:, y, x] = (1 - share) * upper + share * lower
    return found


def scores_by_loops(encoder, network, image):
    """Return (K + 1, 64, 64) float64 of a (1, 3, 64, 64) image, from the trained network itself."""
    with torch.no_grad():
        features = encoder.backbone.features(encoder.scaled(image), (network.layer,))[network.layer][0]
    weight = network.score.weight[:, :, 0, 0].detach().double().numpy()
    bias = network.score.bias.detach().double().numpy()
    maps = np.einsum("kc,chw->khw", weight, features.double().numpy()) + bias[:, None, None]
    return enlarged(maps, 64, 64)


def test_loss_is_the_mean_cross_entropy_of_the_counted_pixels(encoder, network):
    image = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1) * torch.tensor([1.0, 0.6]).view(2, 1, 1, 1)
    image = image.expand(2, 3, 64, 64)  # of one colour, so that every crop is alike
    mask = torch.full((2, 64, 64), 2)
    mask[1] = -1
    batch = {"image": image, "extent": torch.full((2, 2), 64), "mask": mask}
    losses = network.train().step(batch, Draws.at(0))
    logits = scores_by_loops(encoder, network, image[:1])
    loss = (np.log(np.exp(logits).sum(0)) - logits[2]).mean()
    assert losses.players["segmentation"].item() == pytest.approx(loss, rel=1e-4)
    assert losses.log["pixel_accuracy"].item() == pytest.approx(100 * (logits.argmax(0) == 2).mean())


def test_classes_of_pixels_are_the_largest_scores_enlarged_to_the_images_own_size(encoder, network):
    torch.manual_seed(1)
    image = torch.rand(1, 3, 64, 64)
    scores = scores_by_loops(encoder, network, image)
    found = network.eval().segment({"image": image, "extent": torch.tensor([[64, 64]])})
    assert (found[0].numpy() == scores.argmax(0)).mean() > 0.999
    assert len(found.unique()) > 1
    padded = torch.zeros(1, 3, 70, 90)
    padded[:, :, :50, :80] = nn.functional.interpolate(image, (50, 80), mode="bilinear")
    found = network.segment({"image": padded, "extent": torch.tensor([[50, 80]])})
    assert (found[0, 50:] == -1).all()
    assert (found[0, :, 80:] == -1).all()
    assert (found[0, :50, :80] >= 0).all()


def test_no_pixel_is_counted_that_is_not_to_be_counted(network):
    batch = FCN.example(2)
    batch["mask"][:, 32:] = -1
    assert network.step(batch, Draws.at(0)).players["segmentation"].isfinite()
    batch["mask"][:] = -1
    assert network.step(batch, Draws.at(0)).players["segmentation"] == 0


def test_what_is_found_in_training_does_not_depend_on_the_other_images_of_a_batch(network):
    network.train()
    batch = FCN.example(3)
    together = network.encode(batch)
    alone = [network.encode({key: value[index : index + 1] for key, value in batch.items()}) for index in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-4)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.body.backbone.modules())


def test_one_batch_is_learnt_by_all_layers_and_the_trained_network_stays_as_it_is(encoder):
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    torch.manual_seed(0)
    network = FCN(encoder, FCNConfig(num_classes=1, learning_rate=3e-3)).train()
    first = network.body.backbone.stages["conv1"].conv.weight.detach().clone()
    batch = FCN.example(4)
    batch["extent"][0] = torch.tensor([40, 64])
    optimizer = network.optimizations(30)["segmentation"].optimizer
    for number in range(30):
        optimizer.zero_grad()
        network.step(batch, Draws.at(0, number)).players["segmentation"].backward()
        optimizer.step()
    found = network.eval().segment(batch)
    assert (found[1:] == batch["mask"][1:]).float().mean() > 0.8
    assert not torch.equal(network.body.backbone.stages["conv1"].conv.weight, first)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
