"""A fully connected layer for each channel of a map by itself, and the decoder that context encoders put behind it.

Source: Pathak et al., *Context Encoders: Feature Learning by Inpainting*, 2016, sections 3.1 and 3.2,
https://arxiv.org/abs/1604.07379.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (128, 64, 64, 32)
"""Channels between the up-convolutions of the published decoder."""

KERNEL = 5
"""Pixels on each side of the kernels of the up-convolutions."""

REACH = 0.7
"""The last map has at least this share of the image's side; the published one has 161 of 227 pixels."""


class ChannelWiseLinear(nn.Module):
    """Connect every place of a channel with every place of the same channel: m n^4 weights for m maps of n x n.

    A linear layer over the whole map would have m^2 n^4. Information passes between channels in the convolution behind.

    Attributes:
        weight: (m, n^2, n^2), from places in the second axis to places in the third.
        bias: (m, n^2).
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        places = side**2
        self.weight = nn.Parameter(torch.randn(channels, places, places) / math.sqrt(places))
        self.bias = nn.Parameter(torch.zeros(channels, places))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, m, n, n) to (B, m, n, n)."""
        mixed = torch.einsum("bmi,mij->bmj", x.flatten(2), self.weight) + self.bias
        return mixed.view_as(x)


class ChannelWiseDecoder(nn.Module):
    """A channel-wise layer, a 1 x 1 convolution, up-convolutions until the map is nearly as large as the image.

    An up-convolution takes a map of n pixels a side to 2 n - 1, so that the published five take 6 to 161; the result is
    enlarged to the image.

    Attributes:
        side: S of the image.
    """

    def __init__(self, maps: int, size: int, channels: int, *, side: int) -> None:
        super().__init__()
        self.side = side
        between = WIDTHS[len(WIDTHS) + 1 - num_doublings(size, side) :]
        self.across_places = ChannelWiseLinear(maps, size)
        self.across_channels = nn.Conv2d(maps, maps, 1)
        nn.init.kaiming_normal_(self.across_channels.weight, nonlinearity="relu")
        self.ups = nn.ModuleList(_up(*pair) for pair in pairwise((maps, *between, channels)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, m, n, n) to (B, C, S, S)."""
        x = self.across_channels(F.relu(self.across_places(x)))
        for up in self.ups:
            x = up(F.relu(x))
        return F.interpolate(x, (self.side, self.side), mode="bilinear", align_corners=False)


def num_doublings(size: int, side: int) -> int:
    """Return the fewest up-convolutions that take a map of ``size`` to ``REACH`` of ``side``, at most five.

    >>> num_doublings(6, 227), num_doublings(4, 64)
    (5, 4)
    """
    needed = math.log2(max(REACH * side - 1, 1) / max(size - 1, 1))
    return min(max(math.ceil(needed), 1), len(WIDTHS) + 1)


def _up(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    layer = nn.ConvTranspose2d(inputs, outputs, KERNEL, stride=2, padding=KERNEL // 2)
    fan = inputs * (KERNEL / 2) ** 2  # a stride of 2 leaves a quarter of the kernel to each pixel
    nn.init.normal_(layer.weight, std=math.sqrt(2 / fan))
    return layer
