"""AlexNet as each paper had it: five convolutions and, in some papers, two hidden linear layers.

What the papers changed:

========================  ============  ============  ===============  =========  =========  =================
difference                caffe         context       context-encoder  bigan      bigan-64   small
========================  ============  ============  ===============  =========  =========  =================
image side                227           96            227              112        64         64
conv1 kernel/stride, pad  11/4, 0       11/4, 5       11/4, 0          11/4, 5    11/4, 5    5/2, 2
kernel of conv2           5             5             5                5          5          3
widths                    full          full          full             full       full       48 96 128 128 128
groups (conv2, 4, 5)      2             1             2                2          2          1
response normalisation    yes           yes           yes              no         no         no
batch normalisation       no            conv3-5, fc6  no               conv2-5    conv2-5    all
its gain and bias                       no                             yes        yes        yes
slope below 0             0             0             0                0.2        0.2        0
padding of pooling        ceil          ceil          ceil             1          1          ceil
pool5                     6 x 6         3 x 3         6 x 6            4 x 4      2 x 2      4 x 4
fc6, fc7                  4096 4096     4096          none             none       none       512 512
first weights             N(0, .01)     Xavier        N(0, .01)        N(0, .02)  N(0, .02)  Kaiming
input                     0-255 - mean  0-255 - mean  0-255 - mean     -1 to 1    -1 to 1    -2 to 2
========================  ============  ============  ===============  =========  =========  =================

Full widths are 96, 256, 384, 384, 256; ``ceil`` lets the last window reach beyond the map, as Caffe does.

Source:
    ``caffe``: Krizhevsky, Sutskever, Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, 2012,
    in the order of Caffe's reference model, which pools before it normalises.
    ``triplets``, which is ``caffe`` but for 1,024 units in fc7: Wang, Gupta, *Unsupervised Learning of Visual
    Representations using Videos*, 2015, released code; its first weights are not in the facts at hand.
    ``context``: Doersch, Gupta, Efros, *Unsupervised Visual Representation Learning by Context Prediction*, 2015,
    released code: the half that both patches share.
    ``context-encoder``: Pathak et al., *Context Encoders: Feature Learning by Inpainting*, 2016: AlexNet up to pool5.
    ``bigan``: Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, released code. Its padding is that
    of Theano's ``SAME``, written here as the symmetric padding that gives the same sizes.
    ``caffe-norm``: Owens et al., *Ambient Sound Provides Supervision for Visual Learning*, 2016, which says CaffeNet
    with batch normalisation: ``caffe`` with that of every layer, with gain and bias, and no response normalisation.
    ``small`` is ours: AlexNet for 64-pixel images, sized so that one CPU core trains on 128 of them well within a
    second; ``small-plain`` is the same without batch normalisation.

Batch normalisation stands before the nonlinearity, and a layer before it has no bias.
Every ``convN`` is the map after its nonlinearity; the pooling between two stages opens the second one. ``max5`` is the
maximum of each channel of conv5 over the whole image; ``pool5`` is the pooled map. Papers drop half of fc6 and fc7 in
training: that is for the method to do, with its own ``Draws``. Channels of an image stand in the order RGB, not BGR.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from lessup.backbones import Aside, Backbone
from lessup.backbones.imagenet import per_channel

Layer = nn.Conv2d | nn.Linear

MEAN = (123 / 255, 117 / 255, 104 / 255)
"""Mean colour of ImageNet that Caffe's models subtract, red first, as a share of white."""

ALIASES = {
    **{f"conv{number}.": f"stages.conv{number}.conv." for number in range(1, 6)},
    **{f"fc{number}.": f"stages.fc{number}.linear." for number in (6, 7)},
}
"""Names in files that were converted from Caffe, and here."""

EVERY = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")
"""The layers that have weights."""

ONES = ("conv2", "conv4", "conv5", "fc6", "fc7")
"""Layers whose bias begins at 1 in AlexNet, so that their rectifiers are open at first."""


def alexnet_caffe(channels: int = 3) -> Backbone:
    """Return AlexNet of 2012 as Caffe's reference model has it, for 227-pixel images."""
    return _AlexNet(side=227, groups=2, response=True, hidden=(4096, 4096), ones=ONES).build(channels)


def alexnet_triplets(channels: int = 3) -> Backbone:
    """Return the same with 1,024 units in fc7, as the network for triplets of patches of videos has it."""
    return _AlexNet(side=227, groups=2, response=True, hidden=(4096, 1024), ones=ONES).build(channels)


def alexnet_caffe_norm(channels: int = 3) -> Backbone:
    """Return ``alexnet_caffe`` with batch normalisation of every layer in place of response normalisation."""
    return _AlexNet(side=227, groups=2, batch_norm=EVERY, hidden=(4096, 4096)).build(channels)


def alexnet_context(channels: int = 3) -> Backbone:
    """Return what the two patches of context prediction share, for 96-pixel patches."""
    normalised = ("conv3", "conv4", "conv5", "fc6")
    return _AlexNet(
        side=96, padding=5, response=True, batch_norm=normalised, affine=False, hidden=(4096,), initial=xavier
    ).build(channels)


def alexnet_context_encoder(channels: int = 3) -> Backbone:
    """Return the feature network of the context encoder, AlexNet up to pool5, for 227-pixel images."""
    return _AlexNet(side=227, groups=2, response=True, ones=ONES).build(channels)


def alexnet_bigan(channels: int = 3) -> Backbone:
    """Return BiGAN's encoder up to pool5, for 112-pixel images."""
    return _bigan(112).build(channels)


def alexnet_bigan_64(channels: int = 3) -> Backbone:
    """Return BiGAN's encoder up to pool5, for 64-pixel images."""
    return _bigan(64).build(channels)


def alexnet_small(channels: int = 3) -> Backbone:
    """Return AlexNet for 64-pixel images: narrow, ungrouped, batch normalisation everywhere."""
    return _small(EVERY).build(channels)


def alexnet_small_plain(channels: int = 3) -> Backbone:
    """Return ``alexnet_small`` without batch normalisation, where all depends on the first weights."""
    return _small(()).build(channels)


def caffe_convolutions(channels: int, *, last: int = 256) -> dict[str, nn.Module]:
    """Return the stages conv1 to conv5 of ``alexnet_caffe``, conv5 with ``last`` channels."""
    network = _AlexNet(side=227, widths=(96, 256, 384, 384, last), groups=2, response=True, ones=ONES)
    return {f"conv{number}": network.convolution(number, channels) for number in range(1, 6)}


def gaussian(layer: Layer) -> None:
    """Fill weights with N(0, 0.01), or N(0, 0.005) where linear."""
    nn.init.normal_(layer.weight, std=0.005 if isinstance(layer, nn.Linear) else 0.01)


def xavier(layer: Layer) -> None:
    """Fill weights uniformly with variance 1 / fan-in, as Caffe's filler does."""
    limit = math.sqrt(3 / layer.weight[0].numel())
    nn.init.uniform_(layer.weight, -limit, limit)


def _dcgan(layer: Layer) -> None:
    """Fill weights with N(0, 0.02)."""
    nn.init.normal_(layer.weight, std=0.02)


def _kaiming(layer: Layer) -> None:
    """Fill weights with variance 2 / fan-in, which keeps the size of rectified signals."""
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


@dataclass(frozen=True, kw_only=True)
class _AlexNet:
    """One paper's column of the module's table.

    Attributes:
        side: S of the image.
        widths: channels of conv1 to conv5.
        kernels: sides of their kernels.
        stride: of conv1.
        padding: of conv1; the others keep the size of their map.
        groups: of conv2, conv4 and conv5.
        response: local response normalisation after the first two poolings.
        batch_norm: layers with batch normalisation.
        affine: whether it has a gain and a bias.
        slope: of the nonlinearity below 0.
        pool_padding: of every pooling; with 0 the last window may reach beyond the map, as in Caffe.
        hidden: widths of fc6 and fc7, as far as there are.
        initial: fills the weights of a layer.
        ones: layers whose bias begins at 1 and not at 0.
        mean: value that becomes 0; its average where the image has not three channels.
        std: distance from it that becomes 1.
    """

    side: int
    widths: tuple[int, ...] = (96, 256, 384, 384, 256)
    kernels: tuple[int, ...] = (11, 5, 3, 3, 3)
    stride: int = 4
    padding: int = 0
    groups: int = 1
    response: bool = False
    batch_norm: tuple[str, ...] = ()
    affine: bool = True
    slope: float = 0.0
    pool_padding: int = 0
    hidden: tuple[int, ...] = ()
    initial: Callable[[Layer], None] = gaussian
    ones: tuple[str, ...] = ()
    mean: tuple[float, ...] = MEAN
    std: float = 1 / 255

    def build(self, channels: int) -> Backbone:
        """Return the network for images of so many channels."""
        stages: dict[str, nn.Module] = {f"conv{number}": self.convolution(number, channels) for number in range(1, 6)}
        stages["max5"] = Aside(nn.AdaptiveMaxPool2d(1), nn.Flatten())
        stages["pool5"] = self.pool()
        fan = self.widths[-1] * self.last_map() ** 2
        for number, width in enumerate(self.hidden, start=6):
            name = f"fc{number}"
            stages[name] = self.stage(name, nn.Linear(fan, width, bias=name not in self.batch_norm))
            fan = width
        return Backbone(
            stages,
            side=self.side,
            channels=channels,
            default="fc6" if self.hidden else "pool5",
            mean=per_channel(self.mean, channels),
            std=(self.std,),
            aliases=ALIASES,
        )

    def convolution(self, number: int, channels: int) -> nn.Module:
        """Return conv1 to conv5."""
        name, kernel = f"conv{number}", self.kernels[number - 1]
        layer = nn.Conv2d(
            channels if number == 1 else self.widths[number - 2],
            self.widths[number - 1],
            kernel,
            stride=self.stride if number == 1 else 1,
            padding=self.padding if number == 1 else kernel // 2,
            groups=self.groups if number in (2, 4, 5) else 1,
            bias=name not in self.batch_norm,
        )
        return self.stage(name, layer)

    def stage(self, name: str, layer: Layer) -> nn.Module:
        """Return a layer with its weights filled, what stands before it, its normalisation and its nonlinearity."""
        self.initial(layer)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, 1.0 if name in self.ones else 0.0)
        parts: dict[str, nn.Module] = {}
        if name in ("conv2", "conv3"):
            parts["pool"] = self.pool()
            if self.response:
                parts["response"] = nn.LocalResponseNorm(5)
        if name == "fc6":
            parts["flatten"] = nn.Flatten()
        is_map = isinstance(layer, nn.Conv2d)
        parts["conv" if is_map else "linear"] = layer
        if name in self.batch_norm:
            norm = nn.BatchNorm2d if is_map else nn.BatchNorm1d
            parts["norm"] = norm(len(layer.weight), affine=self.affine)
        parts["relu"] = nn.LeakyReLU(self.slope) if self.slope else nn.ReLU()
        return nn.Sequential(OrderedDict(parts))

    def pool(self) -> nn.Module:
        """Return one of the three poolings."""
        return nn.MaxPool2d(3, 2, self.pool_padding, ceil_mode=self.pool_padding == 0)

    def last_map(self) -> int:
        """Return the side of pool5."""
        side = (self.side + 2 * self.padding - self.kernels[0]) // self.stride + 1
        for _ in range(3):
            side = self.pool()(torch.zeros(1, side, side)).shape[-1]
        return side


def _bigan(side: int) -> _AlexNet:
    return _AlexNet(
        side=side,
        padding=5,
        groups=2,
        batch_norm=("conv2", "conv3", "conv4", "conv5"),
        slope=0.2,
        pool_padding=1,
        initial=_dcgan,
        mean=(0.5,),
        std=0.5,
    )


def _small(batch_norm: tuple[str, ...]) -> _AlexNet:
    return _AlexNet(
        side=64,
        widths=(48, 96, 128, 128, 128),
        kernels=(5, 3, 3, 3, 3),
        stride=2,
        padding=2,
        batch_norm=batch_norm,
        hidden=(512, 512),
        initial=_kaiming,
        mean=(0.5,),
        std=0.25,
    )
