"""Networks cut at a fine map and ended in global average pooling, so that classes can be found on that map.

Source: Zhou, Khosla, Lapedriza, Oliva, Torralba, *Learning Deep Features for Discriminative Localization*, 2016,
https://arxiv.org/abs/1512.04150, section 3.1, and the files of the networks in the released code.

====================  =============================  ================================  ========
network               cut behind                     added                             last map
====================  =============================  ================================  ========
``alexnet-gap``       conv5                          1024 channels                     13 x 13
``alexnet-plus-gap``  conv5, of 384 channels         pool5 of stride 1, 512, 512       11 x 11
``vgg16-gap``         conv5                          1024 channels                     14 x 14
``googlenet-gap``     inception_4e                   1024 channels                     14 x 14
====================  =============================  ================================  ========

What is added are 3 x 3 convolutions in two groups, each with a rectifier; their first weights are those of the release.
AlexNet-GAP was not released: groups and first weights of what is added to it are those of ``vgg16-gap``.

GoogLeNet (Szegedy et al., *Going Deeper with Convolutions*, 2015, https://arxiv.org/abs/1409.4842) is made of
torchvision's parts, whose ImageNet weights can be had: there batch normalisation follows every convolution in place of
response normalisation after two of them, and convolutions of 5 x 5 are of 3 x 3.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from torch import nn

from lessup.backbones import Backbone, alexnet, vgg
from lessup.backbones.imagenet import MEAN, STD, per_channel

GOOGLENET = {
    "conv1": ("conv1",),
    "conv2": ("maxpool1", "conv2", "conv3"),
    "inception3": ("maxpool2", "inception3a", "inception3b"),
    "inception4": ("maxpool3", *(f"inception4{letter}" for letter in "abcde")),
}
"""Torchvision's parts in each stage."""

RELEASED = {
    "CAM_conv.": "stages.cam_conv.conv.",
    "conv6.": "stages.conv6.conv.",
    "conv7.": "stages.conv7.conv.",
}
"""Names in the released files, and here."""


def alexnet_gap(channels: int = 3) -> Backbone:
    """Return AlexNet-GAP for 227-pixel images."""
    stages = alexnet.caffe_convolutions(channels) | {"cam_conv": _convolution(256, 1024)}
    return _alexnet(stages, channels)


def alexnet_plus_gap(channels: int = 3) -> Backbone:
    """Return AlexNet*-GAP, which has two convolutions in place of the hidden layers, for 227-pixel images."""
    stages = alexnet.caffe_convolutions(channels, last=384) | {
        "pool5": nn.MaxPool2d(3, stride=1),
        "conv6": _convolution(384, 512, bias=1.0),
        "conv7": _convolution(512, 512, bias=1.0),
    }
    return _alexnet(stages, channels)


def vgg16_gap(channels: int = 3) -> Backbone:
    """Return VGGnet-GAP for 224-pixel images."""
    stages = vgg.convolutions(channels) | {"cam_conv": _convolution(512, 1024)}
    mean, std = per_channel(MEAN, channels), per_channel(STD, channels)
    return _pooled(stages, channels, side=224, mean=mean, std=std, aliases=vgg.aliases())


def googlenet_gap(channels: int = 3) -> Backbone:
    """Return GoogLeNet-GAP for 224-pixel images."""
    from torchvision import models  # slow to import

    network = models.googlenet(weights=None, aux_logits=False, init_weights=True)
    if channels != 3:
        network.conv1.conv = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.normal_(network.conv1.conv.weight, std=0.01)  # as torchvision draws the others
    stages: dict[str, nn.Module] = {
        stage: nn.Sequential(OrderedDict((name, network.get_submodule(name)) for name in names))
        for stage, names in GOOGLENET.items()
    }
    stages["cam_conv"] = _convolution(832, 1024, initial=alexnet.xavier)
    aliases = {f"{name}.": f"stages.{stage}.{name}." for stage, names in GOOGLENET.items() for name in names}
    return _pooled(stages, channels, side=224, mean=(0.5,), std=(0.5,), aliases=aliases)


def _convolution(
    channels: int, width: int, *, bias: float = 0.0, initial: Callable[[nn.Conv2d], None] = alexnet.gaussian
) -> nn.Module:
    """Return one of the convolutions that are added, and its rectifier."""
    layer = nn.Conv2d(channels, width, 3, padding=1, groups=2)
    initial(layer)
    assert layer.bias is not None
    nn.init.constant_(layer.bias, bias)
    return nn.Sequential(OrderedDict(conv=layer, relu=nn.ReLU()))


def _alexnet(stages: Mapping[str, nn.Module], channels: int) -> Backbone:
    mean = per_channel(alexnet.MEAN, channels)
    return _pooled(stages, channels, side=227, mean=mean, std=(1 / 255,), aliases=alexnet.ALIASES)


def _pooled(
    stages: Mapping[str, nn.Module],
    channels: int,
    *,
    side: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    aliases: Mapping[str, str],
) -> Backbone:
    return Backbone(
        {**stages, "pool": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())},
        side=side,
        channels=channels,
        default="pool",
        mean=mean,
        std=std,
        aliases={**aliases, **RELEASED},
    )
