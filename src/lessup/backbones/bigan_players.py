"""The generator and the discriminators of BiGAN that are no encoder; a code enters wherever the released code lets it.

Source: Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, https://arxiv.org/abs/1605.09782, appendix C
and the released code. The networks for images are those of Radford, Metz, Chintala, *Unsupervised Representation
Learning with Deep Convolutional Generative Adversarial Networks*, 2016, with 64 maps where they are widest.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from lessup.backbones.mlp_bigan import SIDE, WIDTH, batch_norm, linear

IMAGE_SIDE = 64
"""Pixels on each side of the images that the convolutional players make and judge."""

MULTIPLES = (1, 2, 4, 8)
"""Of the width: maps of 32, 16, 8 and 4 pixels a side."""

SMALLEST = 4
"""Side of the smallest maps."""


KERNEL = 5
"""Pixels on each side of every kernel."""


class MLPDiscriminator(nn.Module):
    """The discriminator 784-1024-1024-1; a code enters its second layer alone.

    Attributes:
        channels: C of the images.
        code: numbers of a code; 0 judges the image alone.
    """

    def __init__(self, channels: int, code: int) -> None:
        super().__init__()
        self.fc1 = linear(channels * SIDE**2, WIDTH)
        self.fc2 = linear(WIDTH, WIDTH)
        self.entry = linear(code, WIDTH) if code else None
        self.bn2 = batch_norm(WIDTH)
        self.fc3 = linear(WIDTH, 1)

    def forward(self, image: Tensor, code: Tensor | None) -> Tensor:
        """Return (B,) logits that (B, C, 28, 28) images in [0, 1], with their (B, D) codes, are real."""
        x = self.fc2(F.leaky_relu(self.fc1(image.flatten(1)), 0.2))
        if self.entry is not None:
            x = x + self.entry(code)
        logit: Tensor = self.fc3(F.leaky_relu(self.bn2(x), 0.2))
        return logit.squeeze(1)


class ConvGenerator(nn.Module):
    """Four transposed convolutions up to 64 pixels; the code is also a bias of every map between them.

    Attributes:
        channels: C of the images.
        code: numbers of a code.
        width: maps of 32 pixels a side.
    """

    def __init__(self, channels: int, code: int, *, width: int = 64) -> None:
        super().__init__()
        widths = [width * multiple for multiple in MULTIPLES[::-1]]
        self.first = linear(code, widths[0] * SMALLEST**2)
        self.first_norm = nn.BatchNorm1d(widths[0] * SMALLEST**2, eps=1e-8, momentum=0.01)
        self.hidden = nn.ModuleList(CodedMaps(_up(*pair), code) for pair in pairwise(widths))
        self.last = _up(widths[-1], channels)

    def forward(self, code: Tensor) -> Tensor:
        """Map (B, D) codes in [-1, 1] to (B, C, 64, 64) images in [0, 1]."""
        x = F.relu(self.first_norm(self.first(code))).view(len(code), -1, SMALLEST, SMALLEST)
        for stage in self.hidden:
            x = F.relu(stage(x, code))
        pixels: Tensor = self.last(x).sigmoid()
        return pixels


class ConvDiscriminator(nn.Module):
    """Four convolutions down from 64 pixels; the code is a bias of every map but the first.

    Attributes:
        channels: C of the images.
        code: numbers of a code; 0 judges the image alone.
        width: maps of 32 pixels a side.
    """

    def __init__(self, channels: int, code: int, *, width: int = 64) -> None:
        super().__init__()
        widths = [width * multiple for multiple in MULTIPLES]
        self.first = _down(channels, widths[0])
        self.hidden = nn.ModuleList(CodedMaps(_down(*pair), code) for pair in pairwise(widths))
        self.last = linear(widths[-1] * SMALLEST**2, 1)

    def forward(self, image: Tensor, code: Tensor | None) -> Tensor:
        """Return (B,) logits that (B, C, 64, 64) images in [0, 1], with their (B, D) codes, are real."""
        x = F.leaky_relu(self.first(2 * image - 1), 0.2)
        for stage in self.hidden:
            x = F.leaky_relu(stage(x, code), 0.2)
        logit: Tensor = self.last(x.flatten(1))
        return logit.squeeze(1)


class CodedMaps(nn.Module):
    """A convolution whose maps are shifted by a linear map of the code, and normalised by the batch."""

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d, code: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.entry = linear(code, convolution.out_channels) if code else None
        if self.entry is not None:
            # The released code draws them as much wider as a kernel has weights; else the maps would drown the code.
            nn.init.normal_(self.entry.weight, std=0.02 * KERNEL**2)
        self.norm = nn.BatchNorm2d(convolution.out_channels, eps=1e-8, momentum=0.01)

    def forward(self, x: Tensor, code: Tensor | None) -> Tensor:
        """Map (B, C, H, W) and (B, D) codes to the maps of the convolution."""
        x = self.convolution(x)
        if self.entry is not None:
            x = x + self.entry(code)[:, :, None, None]
        normalised: Tensor = self.norm(x)
        return normalised


def _down(inputs: int, outputs: int) -> nn.Conv2d:
    """Return a convolution that halves the side."""
    layer = nn.Conv2d(inputs, outputs, KERNEL, stride=2, padding=KERNEL // 2, bias=False)
    nn.init.normal_(layer.weight, std=0.02)
    return layer


def _up(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """Return a transposed convolution that doubles the side."""
    layer = nn.ConvTranspose2d(inputs, outputs, KERNEL, 2, padding=KERNEL // 2, output_padding=1, bias=False)
    nn.init.normal_(layer.weight, std=0.02)
    return layer
