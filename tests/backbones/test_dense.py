"""Which layers of a backbone are maps that can be run over a whole image."""

import pytest
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
