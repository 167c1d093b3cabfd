import copy

import numpy as np
import pytest
import torch
from torch import nn

from lessup import backbones
from lessup.backbones import Backbone
from lessup.backbones.dilation import Grid, dilated
from lessup.errors import UsageError

COARSE = 1024
"""A stride that no network exceeds: nothing is dilated."""


def toy(*, ending: nn.Module | None = None) -> Backbone:
    """Convolutions and pooling in the manner of VGG, of stride 16."""
    stages: dict[str, nn.Module] = {}
    for number, width in enumerate((4, 6, 8, 8, 8)):
        before = 3 if number == 0 else (4, 6, 8, 8, 8)[number - 1]
        pool = [] if number == 0 else [nn.MaxPool2d(2)]
        stages[f"conv{number + 1}"] = nn.Sequential(*pool, nn.Conv2d(before, width, 3, padding=1), nn.ReLU())
    return Backbone(stages | ({"end": ending} if ending else {}), side=64, channels=3, default="conv5")


def noise(backbone: Backbone) -> torch.Tensor:
    side = backbone.side * 3 // 4
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def with_statistics(backbone: Backbone) -> Backbone:
    """Let batch normalisation know the maps of noise, so that deep maps are not next to nothing."""
    for part in backbone.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
    last = next(name for name in reversed(backbone.layers) if len(backbone.shapes[name]) == 3)
    backbone.train().features(noise(backbone), [last])
    return backbone.eval()


@pytest.mark.parametrize("name", ["resnet18", "efficientnet-lite0", "alexnet-bigan", "alexnet-small"])
@torch.no_grad()
def test_finer_map_holds_what_the_coarser_one_held(name):
    torch.manual_seed(0)
    backbone = backbones.build(name, channels=3)
    coarse, wide = dilated(with_statistics(backbone), stride=COARSE)
    fine, grid = dilated(backbone)
    image = noise(backbone).double()  # float32 adds up in another order on two threads
    found, wanted = fine.double()(image), coarse.double()(image)
    assert grid.step == 8
    first, times = (wide.start - grid.start) / 8, int(wide.step / 8)
    assert first % 1 == 0, "no place of the finer map lies where the coarser one has its first"
    among = found[:, :, int(first) :: times, int(first) :: times]
    torch.testing.assert_close(among, wanted, rtol=0, atol=1e-10 * wanted.abs().max().item())
    assert wanted.std() > 0.01


def test_network_itself_stays_as_it_is_and_its_weights_fit_the_copy():
    backbone = toy()
    before = copy.deepcopy(backbone.state_dict())
    fine, _ = dilated(backbone.eval())
    assert not any(part.training for part in [*backbone.modules(), *fine.modules()])
    assert [str(part) for part in backbone.modules()] == [str(part) for part in toy().modules()]
    nn.init.zeros_(fine.stages["conv1"][0].weight)
    assert all(value.equal(before[name]) for name, value in backbone.state_dict().items())
    fine.load_state_dict(before)


@torch.no_grad()
def test_pooling_windows_of_two_places_are_widened_to_three_around_each():
    backbone = toy()
    fine, grid = dilated(backbone, layer="conv2")
    assert grid == Grid(0.0, 2.0)
    image = torch.rand(1, 3, 65, 65)
    first = backbone.features(image, ["conv1"])["conv1"]
    row, column = 5, 9
    window = first[0, :, 2 * row - 3 : 2 * row + 4, 2 * column - 3 : 2 * column + 4]
    pooled = window.unfold(1, 3, 2).unfold(2, 3, 2).amax((3, 4))  # (C, 3, 3)
    layer = backbone.stages["conv2"][1]
    wanted = (layer.weight * pooled).sum((1, 2, 3)).add(layer.bias).relu()
    torch.testing.assert_close(fine(image)[0, :, row, column], wanted, rtol=1e-4, atol=1e-5)
    assert fine(image).shape[2:] == (33, 33)


@pytest.mark.parametrize(
    ("name", "layer"), [("alexnet-small", "conv2"), ("efficientnet-lite0", "blocks2"), ("resnet18", "layer1")]
)
def test_grid_is_the_middle_of_what_a_place_sees(name, layer):
    torch.manual_seed(0)
    fine, grid = dilated(with_statistics(backbones.build(name, channels=3)), stride=4, layer=layer)
    image = torch.randn(4, 3, 129, 129, requires_grad=True)
    found = fine(image)
    row, column = found.shape[2] // 2, found.shape[3] // 2 - 1
    (found[:, :, row, column] / found.abs().max().item()).square().sum().backward()
    seen = image.grad.abs().sum((0, 1)) > 0
    for axis, place in ((1, row), (0, column)):
        pixels = torch.nonzero(seen.any(axis)).flatten()
        assert (pixels[0] + pixels[-1]).item() / 2 == grid.start + grid.step * place


def test_grid_weights_are_those_of_linear_interpolation():
    grid, scores = Grid(start=6.0, step=8.0), np.random.default_rng(0).normal(size=5)
    found = grid.weights(5, 41).numpy() @ scores
    np.testing.assert_allclose(found, np.interp(np.arange(41), 6 + 8 * np.arange(5), scores), rtol=1e-5, atol=1e-6)


def test_network_ends_before_what_does_not_look_at_places_alone():
    fine, grid = dilated(toy(ending=nn.AdaptiveAvgPool2d(2)))
    assert fine.layers[-1] == "conv5"
    assert grid.step == 8
    assert fine.shapes["conv5"] == (8, 8, 8)


def test_network_that_begins_with_a_strange_layer_keeps_the_strides_of_its_last_fine_map():
    stages = {"blur": nn.Upsample(scale_factor=0.25, mode="bilinear"), "conv": nn.Conv2d(3, 4, 3, stride=2, padding=1)}
    kept, grid = dilated(Backbone(stages, side=64, channels=3, default="conv"))
    assert kept.shapes["conv"] == (4, 8, 8)
    assert grid == Grid(3.5, 8.0)


def test_layers_that_are_missing_or_no_map_are_refused():
    with pytest.raises(UsageError, match="no layer 'conv9'"):
        dilated(toy(), layer="conv9")
    with pytest.raises(UsageError, match=r"shape \(512,\): wanted a map"):
        dilated(backbones.build("alexnet-small", channels=3), layer="fc6")
    with pytest.raises(UsageError, match="choose another backbone"):
        dilated(backbones.build("vit-s", channels=3))
