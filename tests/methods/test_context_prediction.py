"""Context prediction against plain loops, by what it must not see, and on a lens that gives places away."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lessup.errors import DataError, UsageError
from lessup.methods.context_prediction import ContextPrediction, ContextPredictionConfig, Joined, cpu
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws
from lessup.transforms.patch_colour import drop_colours
from lessup.transforms.patch_grid import cut_patches, neighbour_pairs, patch_boxes

SMALL = replace(cpu().config, layer="conv2", fc6=24, fc7=16, fc8=12, patch=16, gap=6, grid=3, smallest=8)


def build(config=SMALL, seed=0) -> ContextPrediction:
    torch.manual_seed(seed)
    return ContextPrediction(config)


def photos(num=4, height=64, width=64, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(num, channels, 9, 9, generator=generator)
    image = F.interpolate(coarse, (height, width), mode="bilinear")
    return {"image": image, "extent": torch.tensor([[height, width]] * num)}


def folder(channels: int) -> Images:
    return Images(
        pixels=Ragged.of([np.zeros((8, 8, channels), np.uint8)] * 2),
        id=np.array(["a", "b"]),
        label=np.array([0, 0]),
        classes=("x",),
        group=np.array([0, 1]),
        official=np.array(["", ""]),
        fingerprint="",
    )


def test_the_published_network_has_the_published_sizes():
    with torch.device("meta"):
        head = Joined(4096, 4096)
    assert sum(weight.numel() for weight in head.parameters()) == 2 * 4096 * 4096
    method = build(ContextPredictionConfig())
    assert "fc6" in method.layers
    assert method.backbone.shapes["pool5"] == (256, 3, 3)
    assert method.backbone.shapes["fc6"] == (4096,)
    assert (method.fc8.in_features, method.fc8.out_features) == (4096, 4096)
    assert (method.fc9.in_features, method.fc9.out_features) == (4096, 8)
    norms = [module for module in method.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    assert len(norms) == 5  # conv3, conv4, conv5, fc6, fc7
    assert not any(norm.affine for norm in norms)


def test_joining_equals_a_linear_layer_over_both_codes_side_by_side():
    joined = Joined(5, 7).eval()
    codes = torch.randn(4, 5)
    middle, beside = torch.tensor([0, 3, 2]), torch.tensor([1, 1, 0])
    weight = torch.cat([joined.middle.weight, joined.beside.weight], 1)
    both = torch.cat([codes[middle], codes[beside]], 1)
    wanted = F.relu(F.linear(both, weight) / math.sqrt(1 + joined.norm.eps))
    torch.testing.assert_close(joined(codes, middle, beside), wanted)


@pytest.mark.parametrize("extent", [(64, 64), (40, 90)], ids=["full grids", "grids that do not fit"])
@torch.no_grad()
def test_loss_and_accuracy_equal_plain_loops_over_pairs(extent):
    method, batch = build(replace(SMALL, fringes="keep")).eval(), photos(3, *extent)
    got = method.step(batch, Draws.at(7))
    boxes, present = patch_boxes(
        batch["extent"], Draws.at(7), pixels=(4096, 4096), patch=16, gap=6, jitter=2, most=3, num_grids=1
    )
    patches = cut_patches(batch["image"], boxes, 16)
    losses, right = [], {position: [] for position in range(8)}
    for image in range(3):
        for first, second, position in zip(*(numbers.tolist() for numbers in neighbour_pairs(3)), strict=True):
            if not (present[image, first] and present[image, second]):
                continue
            codes = []
            for number in (first, second):
                patch = patches[image, number]
                patch = patch - patch.mean((1, 2), keepdim=True)
                patch = patch / patch.square().mean().sqrt() * (50 / 255) / 0.25
                codes.append(method.fc6(method.backbone(patch[None])))
            joined = method.fc7(torch.cat(codes), torch.tensor([0]), torch.tensor([1]))
            logits = method.fc9(F.relu(method.fc8(joined)))[0]
            losses.append(math.log(sum(math.exp(logit) for logit in logits.tolist())) - logits[position].item())
            right[position].append(int(logits.argmax()) == position)
    assert (len(losses) < 3 * 40) == (extent != (64, 64))
    assert got.players["position"].item() == pytest.approx(sum(losses) / (3 * 40), rel=1e-4)
    wanted = 100 * np.mean([np.mean(answers) for answers in right.values()])
    assert got.log["accuracy"].item() == pytest.approx(wanted, abs=1e-3)


@torch.no_grad()
def test_patches_are_shrunk_in_training_alone_and_colours_dropped_always():
    method, patches = build(replace(SMALL, coarse=1.0)), torch.rand(2, 9, 3, 16, 16)
    sharp = drop_colours(patches, Draws.at(0))
    assert method.eval()._hidden(patches, Draws.at(0)).equal(sharp)
    blurred = method.train()._hidden(patches, Draws.at(0))
    assert blurred.square().mean() < 0.9 * sharp.square().mean()


@torch.no_grad()
def test_with_dropped_colours_one_channel_of_a_patch_is_seen():
    method = build(replace(SMALL, coarse=0.0)).train()
    patches = torch.rand(2, 9, 3, 16, 16)
    hidden = method._hidden(patches, Draws.at(0))
    contrast = hidden.std((3, 4)).sort(2).values  # (B, P, C)
    assert (contrast[..., :2] < 0.003).all()
    assert (contrast[..., 2] > 0.2).all()
    kept = build(replace(SMALL, coarse=0.0, fringes="keep"))
    assert kept._hidden(patches, Draws.at(0)).equal(patches)


@torch.no_grad()
def test_features_do_not_depend_on_tint_and_contrast():
    method, batch = build().eval(), photos()
    other = batch["image"] * 0.3 + torch.tensor([0.1, 0.5, 0.2]).view(3, 1, 1)
    for layer in method.layers:
        torch.testing.assert_close(
            method.encode(batch, layer), method.encode({**batch, "image": other}, layer), rtol=1e-3, atol=1e-4
        )


@torch.no_grad()
def test_projection_hides_green_against_magenta_from_features_and_steps():
    method, batch = build(replace(SMALL, fringes="project")).eval(), photos()
    tint = 0.1 * photos(channels=1, seed=5)["image"] * torch.tensor([-1.0, 2.0, -1.0]).view(3, 1, 1)
    other = {**batch, "image": batch["image"] + tint}
    torch.testing.assert_close(method.encode(batch), method.encode(other), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        method.step(batch, Draws.at(0)).players["position"], method.step(other, Draws.at(0)).players["position"]
    )
    seeing = build(replace(SMALL, fringes="keep")).eval()
    assert not torch.allclose(seeing.encode(batch), seeing.encode(other), rtol=1e-2, atol=1e-3)


@torch.no_grad()
def test_fc6_is_the_code_of_an_image_as_large_as_a_patch():
    method, batch = build().eval(), photos(2, 16, 16)
    image = batch["image"] - batch["image"].mean((2, 3), keepdim=True)
    image = image / image.square().mean((1, 2, 3), keepdim=True).sqrt() * (50 / 255) / 0.25
    wanted = method.fc6(method.backbone(image))
    torch.testing.assert_close(method.encode(batch, "fc6"), wanted, rtol=1e-3, atol=1e-4)
    assert method.layers == ("conv2", "conv1", "fc6")
    assert method.encode(batch).shape == (2, 96 * 9 * 9)
    with pytest.raises(UsageError, match="no layer 'fc7'"):
        method.encode(batch, "fc7")


@pytest.mark.parametrize("size", [(1, 1), (7, 200), (37, 38)])
def test_images_smaller_than_a_grid_are_enlarged(size):
    losses = build().train().step(photos(8, *size), Draws.at(0))
    assert losses.players["position"].isfinite()


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_any_number_of_channels_can_be_learned_from(channels):
    config = ContextPrediction.configured(SMALL, folder(channels))
    assert config.channels == channels
    losses = build(config).train().step(photos(channels=channels), Draws.at(0))
    assert losses.players["position"].isfinite()


def test_sgd_keeps_its_rate_and_adamw_ends_near_0():
    sgd = build(replace(SMALL, optimizer="sgd", learning_rate=0.5, momentum=0.9)).optimizations(40)["position"]
    assert sgd.schedule is None
    assert (sgd.optimizer.param_groups[0]["lr"], sgd.optimizer.param_groups[0]["momentum"]) == (0.5, 0.9)
    adamw = build(replace(SMALL, weight_decay=0.3)).optimizations(40)["position"]
    rates = []
    for _ in range(40):
        rates.append(adamw.optimizer.param_groups[0]["lr"])
        adamw.optimizer.step()
        adamw.schedule.step()
    assert adamw.optimizer.param_groups[0]["weight_decay"] == 0.3
    assert max(rates) <= SMALL.learning_rate
    assert rates[-1] < 0.01 * SMALL.learning_rate


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grid": 1}, "grid of 1"),
        ({"num_grids": 0}, "0 an image"),
        ({"smallest": 17}, "shrunk to 17"),
        ({"gap": -1}, "gap -1"),
        ({"coarse": 1.5}, "share 1.5"),
        ({"pixels": (5000, 4000)}, "smaller area first"),
        ({"fringes": "project", "channels": 1}, "3 channels"),
        ({"layer": "fc6"}, "patches of 16 pixels do not go through alexnet-small up to fc6"),
        ({"layer": "conv9"}, "no layer 'conv9'"),
        ({"backbone": "alexnet-tiny"}, "no backbone"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        build(replace(SMALL, **changes))


def test_colours_of_grey_images_cannot_be_projected():
    with pytest.raises(DataError, match="1 channels"):
        ContextPrediction.configured(replace(SMALL, fringes="project"), folder(1))
