"""The permutation-invariant networks of BiGAN's MNIST experiments: an encoder of pixels and a generator of them.

Source: Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, https://arxiv.org/abs/1605.09782, 4.2
and the released code: no layer has a bias, batch normalisation has neither gain nor bias, all weights are drawn from
N(0, 0.02). The averages of batch normalisation move by 1 % a step here; the released code measures them at the end.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.backbones import Backbone

SIDE = 28
"""Pixels on each side of a digit."""

WIDTH = 1024
"""Units of each hidden layer."""

CODE = 50
"""Numbers of a code; BiGAN draws as many from U(-1, 1)."""


def mlp_bigan(channels: int = 3) -> Backbone:
    """Return the encoder 784-1024-1024 up to ``fc2``, the published feature; a linear layer makes codes of it."""
    fc1 = nn.Sequential(nn.Flatten(), linear(channels * SIDE**2, WIDTH), nn.LeakyReLU(0.2))
    fc2 = nn.Sequential(linear(WIDTH, WIDTH), batch_norm(WIDTH), nn.LeakyReLU(0.2))
    return Backbone(OrderedDict(fc1=fc1, fc2=fc2), side=SIDE, channels=channels, default="fc2", mean=(0.0,), std=(1.0,))


class MLPGenerator(nn.Module):
    """The generator 50-1024-1024-784; the code enters its second layer once more.

    Attributes:
        channels: C of the images.
    """

    def __init__(self, channels: int = 1, code: int = CODE) -> None:
        super().__init__()
        self.channels = channels
        self.fc1 = linear(code, WIDTH)
        self.bn1 = batch_norm(WIDTH)
        self.fc2 = linear(WIDTH, WIDTH)
        self.again = linear(code, WIDTH)
        self.bn2 = batch_norm(WIDTH)
        self.fc3 = linear(WIDTH, channels * SIDE**2)

    def forward(self, code: Tensor) -> Tensor:
        """Map (B, D) codes in [-1, 1] to (B, C, 28, 28) images in [0, 1]."""
        x = F.relu(self.bn1(self.fc1(code)))
        x = F.relu(self.bn2(self.fc2(x) + self.again(code)))
        pixels: Tensor = self.fc3(x).sigmoid()
        return pixels.view(-1, self.channels, SIDE, SIDE)


def linear(inputs: int, outputs: int) -> nn.Linear:
    """Return a layer without bias whose weights are drawn from N(0, 0.02)."""
    layer = nn.Linear(inputs, outputs, bias=False)
    torch.nn.init.normal_(layer.weight, std=0.02)
    return layer


def batch_norm(width: int) -> nn.BatchNorm1d:
    """Return batch normalisation without gain and bias."""
    return nn.BatchNorm1d(width, eps=1e-8, momentum=0.01, affine=False)
