"""The convolutional network whose output is compared in the siamese net for one-shot learning, for 105-pixel drawings.

Source: Gregory Koch, Richard Zemel, Ruslan Salakhutdinov, *Siamese Neural Networks for One-shot Image Recognition*,
2015, figure 4 and section 3.1: convolutions of 10, 7, 4 and 4 pixels with rectifiers, pooled by 2, and a layer of
sigmoids; weights are drawn from N(0, 0.01) in convolutions and N(0, 0.2) behind them, biases from N(0.5, 0.01).
"""

from collections import OrderedDict

from torch import nn

from lessup.backbones import Backbone

SIDE = 105
"""Pixels on each side of a drawing."""


def koch(channels: int = 3) -> Backbone:
    """Return the network with 4,096 outputs; ink is 1 and paper 0."""
    return _network(channels, (64, 128, 128, 256), 4096)


def koch_small(channels: int = 3) -> Backbone:
    """Return the same with a quarter of the maps and outputs, for one core."""
    return _network(channels, (16, 32, 32, 64), 1024)


def _network(channels: int, maps: tuple[int, int, int, int], width: int) -> Backbone:
    sides = (10, 7, 4, 4)
    stages: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (inputs, outputs, side) in enumerate(zip((channels, *maps), maps, sides, strict=False), 1):
        convolution = published(nn.Conv2d(inputs, outputs, side), std=0.01)
        pooling = [nn.MaxPool2d(2)] if number < len(maps) else []
        stages[f"conv{number}"] = nn.Sequential(convolution, nn.ReLU(), *pooling)
    linear = published(nn.Linear(maps[-1] * 6 * 6, width), std=0.2)
    stages["fc"] = nn.Sequential(nn.Flatten(), linear, nn.Sigmoid())
    return Backbone(stages, side=SIDE, channels=channels, default="fc", mean=(1.0,), std=(-1.0,))


def published(layer: nn.Conv2d | nn.Linear, *, std: float) -> nn.Conv2d | nn.Linear:
    """Draw the weights of a layer from N(0, std) and its biases from N(0.5, 0.01), as the paper does."""
    nn.init.normal_(layer.weight, std=std)
    assert layer.bias is not None
    nn.init.normal_(layer.bias, mean=0.5, std=0.01)
    return layer
