"""Segmentation and detection networks on small trained ones, on generated images."""

import copy

import pytest
import torch

from lessup import methods
from lessup.probes.fast_rcnn import FastRCNN, FastRCNNConfig
from lessup.probes.fcn import FCN, FCNConfig
from lessup.training import build
from lessup.transforms.draws import Draws


@pytest.fixture(scope="module")
def encoder():
    config = methods.recipes("autoencoder")["cpu"]().config
    return build("autoencoder", config, seed=0).eval()


def test_fcn_counts_no_pixel_that_is_not_to_be_counted(encoder):
    torch.manual_seed(0)
    network = FCN(encoder, FCNConfig(num_classes=2)).eval()
    batch = FCN.example(2)
    torch.nn.init.normal_(network.score.weight)
    batch["mask"][:, 32:] = -1
    loss = network.step(batch, Draws.at(0)).players["segmentation"]
    batch["image"] = batch["image"].clone().requires_grad_(True)
    assert loss.isfinite()
    batch["mask"][:] = -1
    assert network.step(batch, Draws.at(0)).players["segmentation"] == 0


def test_fcn_segments_every_pixel_of_its_extent_and_learns_one_batch(encoder):
    torch.manual_seed(0)
    network = FCN(encoder, FCNConfig(num_classes=1, learning_rate=3e-3)).train()
    batch = FCN.example(4)
    batch["extent"][0] = torch.tensor([40, 64])
    optimizer = network.optimizations(30)["segmentation"].optimizer
    for number in range(30):
        optimizer.zero_grad()
        network.step(batch, Draws.at(0, number)).players["segmentation"].backward()
        optimizer.step()
    found = network.eval().segment(batch)
    assert (found[0, 40:] == -1).all()
    assert (found[1:] >= 0).all()
    assert (found[1:] == batch["mask"][1:]).float().mean() > 0.8


def test_boxes_turn_with_mirrored_images_and_come_back_in_the_images_own_pixels(encoder):
    network = FastRCNN(encoder, FastRCNNConfig(num_classes=1)).eval()
    box, extent = torch.tensor([[[8.0, 16.0, 24.0, 48.0]]]), torch.tensor([[64, 32]])
    plain = network._placed(box, extent, torch.tensor([False]))
    assert plain.tolist() == [[[32, 32, 96, 96]]]
    assert network._placed(box, extent, torch.tensor([True])).tolist() == [[[32, 32, 96, 96]]]
    shifted = network._placed(box - torch.tensor([4.0, 0, 4, 0]), extent, torch.tensor([True]))
    assert shifted.tolist() == [[[48, 32, 112, 96]]]


def test_detector_learns_where_the_box_is(encoder):
    torch.manual_seed(0)
    network = FastRCNN(encoder, FastRCNNConfig(num_classes=1, learning_rate=1e-3)).train()
    batch = FastRCNN.example(4)
    optimizer = network.optimizations(25)["detection"].optimizer
    for number in range(25):
        optimizer.zero_grad()
        network.step(batch, Draws.at(0, number)).players["detection"].backward()
        optimizer.step()
    with torch.inference_mode():
        found = network.eval().detect(batch)
    best = found[0]["boxes"][found[0]["scores"].argmax()]
    assert (best - torch.tensor([16.0, 16, 48, 48])).abs().max() < 8


def test_steps_repeat_whatever_the_global_generator_says(encoder):
    network = FastRCNN(encoder, FastRCNNConfig(num_classes=1)).train()
    batch = FastRCNN.example(2)
    losses = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        losses.append(copy.deepcopy(network).step(batch, Draws.at(0)).players["detection"].item())
    assert losses[0] == losses[1]
