"""The convolutions that both images of a pair go through in Agrawal's experiments on digits.

Source: Pulkit Agrawal, Joao Carreira, Jitendra Malik, *Learning to See by Moving*, 2015,
https://arxiv.org/abs/1505.01596: two convolutions of 96 and 256 filters, a pooling behind each. Not in the facts at
hand, and ours: filters of 5 x 5 at stride 1, pooling by the maximum of 3 x 3 at stride 2, weights of Kaiming. The small
network has a third and a quarter of the filters, the first at stride 2, the second of 3 x 3, for one core.
"""

from collections import OrderedDict

from torch import nn

from lessup.backbones import Backbone

SIDE = 28
"""Pixels on each side of a digit."""


def egomotion_digits(channels: int = 3) -> Backbone:
    """Return conv1 to pool2 with 96 and 256 filters, for 28-pixel images."""
    return _convolutions(_convolution(channels, 96, 5), _convolution(96, 256, 5), channels)


def egomotion_digits_small(channels: int = 3) -> Backbone:
    """Return the same with 32 and 64 filters on a quarter of the places, for one core."""
    return _convolutions(_convolution(channels, 32, 5, stride=2), _convolution(32, 64, 3), channels)


def _convolutions(conv1: nn.Module, conv2: nn.Module, channels: int) -> Backbone:
    stages = OrderedDict(conv1=conv1, pool1=nn.MaxPool2d(3, 2, 1), conv2=conv2, pool2=nn.MaxPool2d(3, 2, 1))
    return Backbone(stages, side=SIDE, channels=channels, default="pool2", mean=(0.0,), std=(1.0,))


def _convolution(inputs: int, outputs: int, side: int, *, stride: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(inputs, outputs, side, stride, side // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return nn.Sequential(layer, nn.ReLU())
