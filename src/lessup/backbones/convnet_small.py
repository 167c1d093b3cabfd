"""Three convolutions with batch normalisation for images of 28 pixels, small enough for one core; ours."""

from collections import OrderedDict

from torch import nn

from lessup.backbones import Backbone


def convnet_small(channels: int = 3) -> Backbone:
    """Return conv1 to conv3 of 32, 64 and 128 filters on 14, 14 and 7 pixels a side, and their mean."""
    stages = OrderedDict(
        conv1=_convolution(channels, 32, 5, stride=2),
        conv2=_convolution(32, 64, 3),
        conv3=nn.Sequential(nn.MaxPool2d(2), *_convolution(64, 128, 3)),
        pool=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )
    return Backbone(stages, side=28, channels=channels, default="pool")


def _convolution(inputs: int, outputs: int, side: int, *, stride: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())
