"""The convolutions that both images of a pair go through in Agrawal's experiments on digits.

Source: Pulkit Agrawal, Joao Carreira, Jitendra Malik, *Learning to See by Moving*, 2015,
https://arxiv.org/abs/1505.01596: two convolutions of 96 and 256 filters, a pooling behind each. Not in the facts at
hand, and ours: filters of 5 x 5 at stride 1, pooling by the maximum of 3 x 3 at stride 2, weights of Kaiming.
"""

from collections import OrderedDict

from torch import nn

from lessup.backbones import Backbone

SIDE = 28
"""Pixels on each side of a digit."""


def egomotion_digits(channels: int = 3) -> Backbone:
    """Return conv1 to pool2 with 96 and 256 filters, for 28-pixel images."""
    return _convolutions(channels, 96, 256)


def egomotion_digits_small(channels: int = 3) -> Backbone:
    """Return the same with 32 and 64 filters, for one core."""
    return _convolutions(channels, 32, 64)


def _convolutions(channels: int, first: int, second: int) -> Backbone:
    stages = OrderedDict(
        conv1=_convolution(channels, first),
        pool1=nn.MaxPool2d(3, 2, 1),
        conv2=_convolution(first, second),
        pool2=nn.MaxPool2d(3, 2, 1),
    )
    return Backbone(stages, side=SIDE, channels=channels, default="pool2", mean=(0.0,), std=(1.0,))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    layer = nn.Conv2d(inputs, outputs, 5, padding=2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return nn.Sequential(layer, nn.ReLU())
