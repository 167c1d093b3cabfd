"""The convolutional network of the first siamese face verification: LeNet-5 for faces of 56 x 46 pixels.

Source: Chopra, Hadsell, LeCun, *Learning a Similarity Metric Discriminatively, with Application to Face Verification*,
2005, section 3.2; units and first weights as in LeCun, Bottou, Bengio, Haffner, *Gradient-Based Learning Applied to
Document Recognition*, 1998, appendix A. Which maps of S2 a map of C3 sees is not published: here each sees a third of
them, see ``MaskedConv2d``.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.backbones import Backbone

HEIGHT, WIDTH = 56, 46
"""Pixels of a face: 112 x 92 reduced to a half on each side."""

AMPLITUDE = 1.7159
"""Largest value of a unit; with it the squashing function maps 1 to 1."""

STRIDES = (1, 2, 4)
"""Distances of the maps of S2 that a map of C3 sees, for each third of the maps of C3."""

SEEN = 5
"""Maps of S2 that a map of C3 sees."""


def lenet_faces(channels: int = 3) -> Backbone:
    """Return the network up to C5, whose 250 numbers F6 maps to the embedding."""
    stages = OrderedDict(
        c1=nn.Sequential(_normal(nn.Conv2d(channels, 15, 7)), Squash()),
        s2=nn.Sequential(Subsampling(15, (2, 2)), Squash()),
        c3=nn.Sequential(MaskedConv2d(15, 45, 6), Squash()),
        s4=nn.Sequential(Subsampling(45, (4, 3)), Squash()),
        c5=nn.Sequential(_normal(nn.Conv2d(45, 250, 5)), Squash(), nn.Flatten()),
    )
    return Backbone(stages, side=HEIGHT, width=WIDTH, channels=channels, default="c5")


class Squash(nn.Module):
    """A tanh(2/3 x) with A = 1.7159."""

    def forward(self, x: Tensor) -> Tensor:
        """Map any tensor to values between -A and A."""
        return AMPLITUDE * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """The mean of each block of pixels, times a coefficient, plus a bias, both learnt, two for each map.

    Attributes:
        block: height and width of a block.
        weight: (C,) coefficients, 1 at first.
        bias: (C,) biases, 0 at first.
    """

    def __init__(self, channels: int, block: tuple[int, int]) -> None:
        super().__init__()
        self.block = block
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H / block[0], W / block[1])."""
        return F.avg_pool2d(x, self.block) * self.weight[:, None, None] + self.bias[:, None, None]


class MaskedConv2d(nn.Conv2d):
    """A convolution of which every output map sees a third of the input maps.

    With 15 input and 45 output maps, map i of each third sees maps i, i + s, ... i + 4s, modulo 15, for one s of
    ``STRIDES`` a third.

    Attributes:
        seen: (45, 15, 1, 1) float32, 1 where an output map sees an input map, else 0.
    """

    seen: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel)
        seen = torch.zeros(outputs, inputs, 1, 1)
        for output in range(outputs):
            group, start = divmod(output, inputs)
            seen[output, [(start + STRIDES[group] * step) % inputs for step in range(SEEN)]] = 1
        self.register_buffer("seen", seen, persistent=False)
        _normal(self, fan=SEEN * kernel**2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 15, H, W) to (B, 45, H - kernel + 1, W - kernel + 1)."""
        return F.conv2d(x, self.weight * self.seen, self.bias)


def _normal(layer: nn.Conv2d, *, fan: int = 0) -> nn.Conv2d:
    """Draw weights with variance 1 / fan-in, biases 0."""
    nn.init.normal_(layer.weight, std=(fan or layer.weight[0].numel()) ** -0.5)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
