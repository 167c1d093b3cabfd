"""Four convolutions of 64 maps each, what most of few-shot learning is compared on.

Source: Oriol Vinyals and others, *Matching Networks for One Shot Learning*, 2016, section 4.1.1; Jake Snell, Kevin
Swersky, Richard Zemel, *Prototypical Networks for Few-shot Learning*, 2017, section 3.1: each of 3 x 3, with batch
normalisation, a rectifier and 2 x 2 pooling.
"""

from collections import OrderedDict

from torch import nn

from lessup.backbones import Backbone

MAPS = 64
"""Of each convolution."""


def conv4(channels: int = 3) -> Backbone:
    """Return the network for 28-pixel drawings, 64 numbers each; ink is 1 and paper 0, as in the released code."""
    return Backbone(_blocks(channels), side=28, channels=channels, default="conv4", mean=(1.0,), std=(-1.0,))


def conv4_84(channels: int = 3) -> Backbone:
    """Return the network for 84-pixel photographs, 1,600 numbers each."""
    return Backbone(_blocks(channels), side=84, channels=channels, default="conv4")


def _blocks(channels: int) -> OrderedDict[str, nn.Module]:
    return OrderedDict((f"conv{number}", _block(channels if number == 1 else MAPS)) for number in range(1, 5))


def _block(inputs: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, MAPS, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(MAPS), nn.ReLU(), nn.MaxPool2d(2))
