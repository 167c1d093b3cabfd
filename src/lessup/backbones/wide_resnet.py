"""Wide residual networks for images of 32 pixels, as the code of FixMatch has them.

Source: Zagoruyko, Komodakis, *Wide Residual Networks*, 2016, https://arxiv.org/abs/1605.07146, section 2; with a slope
of 0.1 below 0, running statistics that forget a thousandth each update, and weights drawn by fan-out as in the released
code of Sohn et al., *FixMatch*, 2020. ``wide-resnet-28-2`` is 28 layers deep and twice as wide as the first residual
networks for such images.
"""

import math
from collections import OrderedDict
from itertools import pairwise

from torch import Tensor, nn

from lessup.backbones import Backbone

UNITS = 4
"""Residual units of each of the three groups of a network of 28 layers."""

SLOPE = 0.1
"""Of the rectifier below 0."""


class Unit(nn.Module):
    """Two convolutions of the normalised and rectified input, added to it.

    Where the number of channels changes they are added to a 1 x 1 convolution of it; the very first unit adds to the
    rectified input.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, first: bool = False) -> None:
        super().__init__()
        self.first = first
        self.before = _normalised(inputs)
        self.conv1 = _convolution(inputs, outputs, 3, stride)
        self.between = _normalised(outputs)
        self.conv2 = _convolution(outputs, outputs, 3)
        self.shortcut = nn.Identity() if inputs == outputs else _convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H / stride, W / stride)."""
        rectified = self.before(x)
        added: Tensor = self.shortcut(rectified if self.first else x)
        return added + self.conv2(self.between(self.conv1(rectified)))  # type: ignore[no-any-return]


def wide_resnet_28_2(channels: int = 3) -> Backbone:
    """Return a network of 28 layers and 32, 64 and 128 channels in its groups."""
    widths = (16, 32, 64, 128)
    stages: OrderedDict[str, nn.Module] = OrderedDict(stem=_convolution(channels, widths[0], 3))
    for number, (inputs, outputs) in enumerate(pairwise(widths), 1):
        opening = Unit(inputs, outputs, stride=1 if number == 1 else 2, first=number == 1)
        stages[f"group{number}"] = nn.Sequential(opening, *(Unit(outputs, outputs) for _ in range(UNITS - 1)))
    stages["pool"] = nn.Sequential(_normalised(widths[-1]), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Backbone(stages, side=32, channels=channels, default="pool")


def _normalised(width: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(width, momentum=0.001), nn.LeakyReLU(SLOPE))


def _convolution(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)
    nn.init.normal_(layer.weight, std=math.sqrt(2 / (side * side * outputs)))
    return layer
