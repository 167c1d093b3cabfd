"""Residual networks in the stages of torchvision, whose parts they are made of.

Source: He, Zhang, Ren, Sun, *Deep Residual Learning for Image Recognition*, 2016, https://arxiv.org/abs/1512.03385,
table 1. ``resnet18-small`` begins as their networks for 32-pixel images do (section 4.2): a 3 x 3 convolution of stride
1 and no pooling. Weights in torchvision's files load by name.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING

from torch import nn

from lessup.backbones import Backbone
from lessup.backbones.imagenet import MEAN, STD, per_channel

if TYPE_CHECKING:
    from torchvision.models import ResNet

ALIASES = {"conv1.": "stages.stem.conv1.", "bn1.": "stages.stem.bn1.", "layer": "stages.layer"}
"""Names in torchvision's files, and here."""


def resnet18(channels: int = 3) -> Backbone:
    """Return ResNet-18 for 224-pixel images."""
    from torchvision import models  # slow to import

    return _staged(models.resnet18(weights=None), channels, side=224)


def resnet50(channels: int = 3) -> Backbone:
    """Return ResNet-50 for 224-pixel images; the stride is in the 3 x 3 convolutions."""
    from torchvision import models

    return _staged(models.resnet50(weights=None), channels, side=224)


def resnet18_small(channels: int = 3) -> Backbone:
    """Return ResNet-18 for 32-pixel images."""
    from torchvision import models

    network = models.resnet18(weights=None)
    network.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    _fill(network.conv1)
    return _staged(network, channels, side=32)


def _staged(network: "ResNet", channels: int, *, side: int) -> Backbone:
    if channels != network.conv1.in_channels:
        network.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        _fill(network.conv1)
    stem = OrderedDict(conv1=network.conv1, bn1=network.bn1, relu=network.relu, maxpool=network.maxpool)
    stages = {
        "stem": nn.Sequential(stem),
        "layer1": network.layer1,
        "layer2": network.layer2,
        "layer3": network.layer3,
        "layer4": network.layer4,
        "pool": nn.Sequential(network.avgpool, nn.Flatten()),
    }
    mean, std = per_channel(MEAN, channels), per_channel(STD, channels)
    return Backbone(stages, side=side, channels=channels, default="pool", mean=mean, std=std, aliases=ALIASES)


def _fill(convolution: nn.Conv2d) -> None:
    """Draw weights as torchvision draws those of all its convolutions."""
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
