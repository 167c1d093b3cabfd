"""Which layers of a backbone are maps that can be run over a whole image."""

import pytest
import torch
from torch import nn

from lessup import backbones
from lessup.backbones import Backbone, dense
from lessup.errors import UsageError


def test_last_map_is_the_deepest_that_is_fine_enough():
    assert dense.last_map(backbones.build("alexnet-caffe", channels=3)) == "conv5"
    assert dense.last_map(backbones.build("alexnet-small", channels=3)) == "pool5"
    assert dense.last_map(backbones.build("resnet18", channels=3)) == "layer3"


def test_network_without_a_map_cannot_be_run_over_an_image():
    backbone = backbones.build("alexnet-small", channels=3)
    backbone.shapes = dict.fromkeys(backbone.shapes, (3,))
    with pytest.raises(UsageError, match="no map"):
        dense.last_map(backbone)


@pytest.mark.parametrize(
    ("name", "layer"),
    [("resnet18", "layer4"), ("efficientnet-lite0", "head"), ("alexnet-caffe", None), ("alexnet-small", None)],
)
def test_pooled_map_is_what_the_last_stage_pools(name, layer):
    assert dense.pooled_map(backbones.build(name, channels=3)) == layer


def test_pooling_to_several_places_is_no_ending():
    stages = {"conv": nn.Conv2d(3, 4, 3), "pool": nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())}
    assert dense.pooled_map(Backbone(stages, side=8, channels=3, default="pool")) is None


@pytest.mark.parametrize(
    ("name", "layer"),
    [("resnet18-small", "layer4"), ("alexnet-caffe", "conv5"), ("alexnet-small", "pool5"), ("vit-s", "norm")],
)
@torch.no_grad()
def test_a_network_can_be_ended_in_the_mean_or_the_largest_of_its_last_map(name, layer):
    backbone = backbones.build(name, channels=3).eval()
    x = torch.rand(1, 3, backbone.side, backbone.side)
    places = backbone.features(x, (layer,))[layer]
    places = places[:, 1:].mT if places.ndim == 3 else places.flatten(2)  # (B, C, h * w)
    for pooling, wanted in (("gap", places.mean(2)), ("gmp", places.amax(2))):
        ended = dense.pooled(backbone, pooling)
        assert (ended.layers[-1], ended.default, dense.pooled_map(ended)) == ("pool", "pool", layer)
        assert not set(ended.layers) & {"fc6", "fc7", "cls"}
        assert ended.stages[layer] is backbone.stages[layer]
        torch.testing.assert_close(ended.eval()(x), wanted)


def test_a_network_without_any_map_cannot_be_ended_in_pooling():
    with pytest.raises(UsageError, match="no map"):
        dense.pooled(backbones.build("mlp-bigan", channels=1), "gap")


@pytest.mark.parametrize(
    ("name", "layer"),
    [("resnet18", "layer4"), ("vgg16-gap", "cam_conv"), ("alexnet-caffe", "conv5"), ("vit-s", "block11")],
)
def test_every_place_of_the_explaining_map_changes_the_output(name, layer):
    torch.manual_seed(0)
    backbone = backbones.build(name, channels=3).eval()
    assert dense.explaining_map(backbone) == layer
    side = 64 if name == "vit-s" else backbone.side
    with torch.no_grad():
        places = backbone.features(torch.randn(1, 3, side, side), (layer,))[layer]
    places.requires_grad_(True)
    (gradient,) = torch.autograd.grad(backbone(places, after=layer).square().sum(), places)
    changes = gradient.ne(0).any(2 if places.ndim == 3 else 1)
    assert changes.float().mean() > (0.5 if name == "alexnet-caffe" else 0.99)  # max pooling leaves some out


def test_tokens_become_a_map_row_by_row_without_those_of_no_patch():
    backbone = backbones.build("vit-s", channels=3)
    tokens = torch.arange(1 + 2 * 5).float().view(1, 11, 1)
    assert dense.as_map(backbone, tokens, (32, 80)).tolist() == [[[[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]]]


def test_one_row_an_image_has_no_places():
    backbone = backbones.build("resnet18-small", channels=3)
    with pytest.raises(UsageError, match=r"a layer of shape \(512,\) has no places"):
        dense.as_map(backbone, torch.zeros(1, 512), (32, 32))
    with pytest.raises(UsageError, match=r"\(5, 512\) has no places"):
        dense.as_map(backbone, torch.zeros(1, 5, 512), (32, 32))
