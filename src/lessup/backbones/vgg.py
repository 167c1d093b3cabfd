"""VGG-16: thirteen 3 x 3 convolutions in five blocks, and two hidden linear layers.

Source: Simonyan, Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, 2015,
https://arxiv.org/abs/1409.1556, table 1, configuration D. First weights and images are torchvision's, whose files load
by name. Every ``convN`` is the map behind its last nonlinearity; the pooling between two blocks opens the second one.
Half of the outputs of fc6 and fc7 is dropped in training: that is for the method to do.
"""

from collections import OrderedDict

from torch import nn

from lessup.backbones import Backbone
from lessup.backbones.imagenet import MEAN, STD, per_channel

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels of each block, and its convolutions."""

HIDDEN = 4096
"""Width of fc6 and fc7."""


def vgg16(channels: int = 3) -> Backbone:
    """Return VGG-16 for 224-pixel images."""
    stages = convolutions(channels)
    stages["pool5"] = nn.MaxPool2d(2)
    stages["fc6"] = nn.Sequential(OrderedDict(flatten=nn.Flatten(), linear=_linear(512 * 7 * 7), relu=nn.ReLU()))
    stages["fc7"] = nn.Sequential(OrderedDict(linear=_linear(HIDDEN), relu=nn.ReLU()))
    mean, std = per_channel(MEAN, channels), per_channel(STD, channels)
    return Backbone(stages, side=224, channels=channels, default="fc6", mean=mean, std=std, aliases=aliases())


def convolutions(channels: int) -> dict[str, nn.Module]:
    """Return the stages conv1 to conv5 for images of so many channels."""
    stages: dict[str, nn.Module] = {}
    for block, (width, depth) in enumerate(BLOCKS, start=1):
        parts: dict[str, nn.Module] = {} if block == 1 else {"pool": nn.MaxPool2d(2)}
        for place in range(1, depth + 1):
            parts[f"conv{block}_{place}"] = _convolution(channels, width)
            parts[f"relu{block}_{place}"] = nn.ReLU(inplace=True)
            channels = width
        stages[f"conv{block}"] = nn.Sequential(OrderedDict(parts))
    return stages


def aliases() -> dict[str, str]:
    """Return the beginnings of names in torchvision's files, and what they are here."""
    found = {"classifier.0.": "stages.fc6.linear.", "classifier.3.": "stages.fc7.linear."}
    number = 0  # torchvision counts convolutions, nonlinearities and poolings alike
    for block, (_, depth) in enumerate(BLOCKS, start=1):
        for place in range(1, depth + 1):
            found[f"features.{number}."] = f"stages.conv{block}.conv{block}_{place}."
            number += 2
        number += 1
    return found


def _convolution(channels: int, width: int) -> nn.Conv2d:
    layer = nn.Conv2d(channels, width, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def _linear(width: int) -> nn.Linear:
    layer = nn.Linear(width, HIDDEN)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer
