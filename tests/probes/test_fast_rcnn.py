"""A detector on a small trained network, against the paper's equations and plain loops."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.ops import roi_align

from lessup import methods
from lessup.backbones import dense
from lessup.probes.fast_rcnn import FastRCNN, FastRCNNConfig
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
    return FastRCNN(encoder, FastRCNNConfig(num_classes=2, side=64)).train()


def overlap(first, second):
    wide = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    high = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return wide * high / (sum(areas) - wide * high)


def smooth(x, turn):
    return np.where(np.abs(x) < turn, 0.5 * x**2 / turn, np.abs(x) - 0.5 * turn)


def offsets(box, region):
    """Return the targets of the edges: shift of the centre over the size, and logarithm of the ratio of sizes."""
    (width, height), (own_width, own_height) = ((b[2] - b[0], b[3] - b[1]) for b in (box, region))
    across = ((box[0] + box[2]) - (region[0] + region[2])) / 2 / own_width
    down = ((box[1] + box[3]) - (region[1] + region[3])) / 2 / own_height
    return np.array([10 * across, 10 * down, 5 * np.log(width / own_width), 5 * np.log(height / own_height)])


def test_losses_are_those_of_the_paper_on_regions_labelled_by_their_overlap(encoder, network):
    box, near, far = [16.0, 16.0, 48.0, 48.0], [12.0, 16.0, 48.0, 52.0], [0.0, 0.0, 20.0, 20.0]
    torch.manual_seed(1)
    batch = {
        "image": torch.rand(1, 3, 64, 64),
        "extent": torch.full((1, 2), 64),
        "boxes": torch.tensor([[box, [40.0, 0.0, 64.0, 20.0]]]),
        "box_label": torch.tensor([[1, 0]]),
        "box_difficult": torch.tensor([[False, True]]),
        "proposals": torch.tensor([[near, far, [0.0, 0.0, 0.0, 0.0]]]),
    }
    seed = next(seed for seed in range(50) if Draws.at(seed).uniform(1) >= 0.5)  # the image is not mirrored
    losses = network.step(batch, Draws.at(seed))
    # The object joins the regions; the difficult one and the empty region do not.
    regions, truth = np.array([near, far, box]), [2, 0, 2]
    assert overlap(near, box) >= 0.5 > overlap(far, box)
    chain = dense.chain(encoder.backbone)
    with torch.no_grad():
        maps = encoder.backbone.features(encoder.scaled(batch["image"]), (network.layer,))[network.layer]
        high, wide = encoder.backbone.shapes[network.layer][1:]
        pooled = roi_align(maps, [torch.tensor(regions).float()], (high, wide), maps.shape[2] / 64, 2)
        for name in chain[chain.index(network.layer) + 1 :]:
            pooled = encoder.backbone.stages[name](pooled)
        logits, edges = network.heads.box_predictor(pooled.flatten(1))
    logits, edges = logits.double().numpy(), edges.double().numpy().reshape(3, 3, 4)
    classified = np.mean([np.log(np.exp(row).sum()) - row[own] for row, own in zip(logits, truth, strict=True)])
    moved = sum(smooth(edges[place, 2] - offsets(box, regions[place]), 1 / 9).sum() for place in (0, 2)) / len(regions)
    assert losses.log["loss_classifier"].item() == pytest.approx(classified, rel=1e-4)
    assert losses.log["loss_box_reg"].item() == pytest.approx(moved, rel=1e-3)
    assert losses.players["detection"].item() == pytest.approx(classified + moved, rel=1e-3)


def test_a_quarter_of_the_regions_that_a_step_looks_at_are_objects(encoder):
    network = FastRCNN(encoder, FastRCNNConfig(num_classes=1, side=64, regions=16)).train()
    seen = []
    network.heads.box_predictor.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    batch = FastRCNN.example(2)
    batch["proposals"] = batch["proposals"].repeat(1, 40, 1)
    labels = []
    chosen = network.heads.select_training_samples
    network.heads.select_training_samples = lambda *given: labels.append(chosen(*given)) or labels[-1]
    network.step(batch, Draws.at(0))
    assert seen == [32]
    assert [int((own > 0).sum()) for own in labels[0][2]] == [4, 4]


def test_boxes_turn_with_mirrored_images_and_come_back_in_the_images_own_pixels(encoder):
    network = FastRCNN(encoder, FastRCNNConfig(num_classes=1)).eval()
    box, extent = torch.tensor([[[8.0, 16.0, 24.0, 48.0]]]), torch.tensor([[64, 32]])
    plain = network._placed(box, extent, torch.tensor([False]))
    assert plain.tolist() == [[[32, 32, 96, 96]]]
    assert network._placed(box, extent, torch.tensor([True])).tolist() == [[[32, 32, 96, 96]]]
    shifted = network._placed(box - torch.tensor([4.0, 0, 4, 0]), extent, torch.tensor([True]))
    assert shifted.tolist() == [[[48, 32, 112, 96]]]


def test_mirrored_images_show_in_their_boxes_what_the_plain_ones_do(network):
    image = torch.zeros(2, 3, 64, 64)
    image[:, :, 10:30, 4:24] = 1
    batch = {"image": image, "extent": torch.full((2, 2), 64)}
    seen = []
    network.body.backbone.stages["conv1"].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network._map(batch, torch.tensor([False, True]))
    plain, mirrored = seen[0]
    torch.testing.assert_close(mirrored.flip(2), plain)
    boxes = torch.tensor([[[4.0, 10.0, 24.0, 30.0]]]).expand(2, 1, 4)
    placed = network._placed(boxes, batch["extent"], torch.tensor([False, True]))
    for shown, (left, top, right, bottom) in zip(seen[0], placed[:, 0].int().tolist(), strict=True):
        bright = (shown[0] > shown[0].mean()).nonzero()
        assert [*bright.amin(0).tolist(), *(bright.amax(0) + 1).tolist()] == [top, left, bottom, right]


def test_detections_of_one_class_overlap_by_no_more_than_the_limit(network):
    torch.manual_seed(2)
    batch = FastRCNN.example(1)
    corner = torch.rand(1, 60, 2) * 40
    batch["proposals"] = torch.cat([corner, corner + 8 + torch.rand(1, 60, 2) * 16], 2)
    nn.init.zeros_(network.heads.box_predictor.bbox_pred.weight)
    nn.init.zeros_(network.heads.box_predictor.bbox_pred.bias)
    with torch.inference_mode():
        (found,) = network.eval().detect(batch)
    boxes, labels, scores = (found[key].tolist() for key in ("boxes", "labels", "scores"))
    assert set(labels) == {0, 1}
    assert min(scores) > 0.01
    for first in range(len(boxes)):
        for second in range(first):
            assert labels[first] != labels[second] or overlap(boxes[first], boxes[second]) <= 0.3 + 1e-5
    known = [[round(value, 2) for value in box] for box in batch["proposals"][0].tolist()]
    assert all([round(value, 2) for value in box] in known for box in boxes), "edges that are not moved stay"
    assert len(boxes) < 2 * len(known), "some were suppressed"


def test_what_is_seen_in_training_does_not_depend_on_the_other_images_of_a_batch(network):
    torch.manual_seed(3)
    batch = {"image": torch.rand(3, 3, 64, 64), "extent": torch.full((3, 2), 64)}
    together = network.encode(batch)
    alone = [network.encode({key: value[index : index + 1] for key, value in batch.items()}) for index in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-5)
    parts = [*network.body.backbone.modules(), *network.heads.modules()]
    assert not any(isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d) for part in parts)


def test_detector_learns_where_the_box_is_and_the_trained_network_stays_as_it_is(encoder):
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
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
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_steps_repeat_whatever_the_global_generator_says(network):
    batch = FastRCNN.example(2)
    losses = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        losses.append(copy.deepcopy(network).step(batch, Draws.at(0)).players["detection"].item())
    assert losses[0] == losses[1]
