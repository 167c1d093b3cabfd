"""Brightness, contrast, saturation and hue as one affine map of the channels of each image."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lessup.transforms.on_cpu import loops_suit, over_rows

LUMA = (0.299, 0.587, 0.114)
"""Share of red, green and blue in grey: ITU-R BT.601, as in Pillow and torchvision; here they sum to 1 exactly."""

CHROMA = ((0.596, -0.274, -0.322), (0.211, -0.523, 0.312))
"""The two axes of the YIQ colour space (NTSC) beside the luma; grey is 0 on both."""

_TO_YIQ = torch.tensor([LUMA, *CHROMA], dtype=torch.float64)
_GREY = torch.tensor(LUMA, dtype=torch.float64).expand(3, 3)
_COLOUR = torch.eye(3, dtype=torch.float64) - _GREY
_QUARTER_TURN = _TO_YIQ.inverse() @ torch.tensor([[0.0, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=torch.float64) @ _TO_YIQ
_PARTS = torch.stack([_GREY, _COLOUR, _QUARTER_TURN]).float()
"""(3, 3, 3): what a pixel has of grey, what it has beside it, and that turned from red towards green."""


@dataclass(frozen=True)
class ChannelMap:
    """``matrix @ pixel + offset`` for every pixel of an image, then clipped to [0, 1].

    Attributes:
        matrix: (B, C, C).
        offset: (B, C).
    """

    matrix: Tensor
    offset: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """Map (B, C, H, W)."""
        if loops_suit(image):
            from lessup.transforms import image_kernels  # imports numba, which takes long

            flat, output = image.detach().flatten(2).contiguous(), torch.empty(image.shape)
            maps = self.matrix.contiguous().numpy(), self.offset.contiguous().numpy()
            over_rows(image_kernels.map_channels, flat.numpy(), *maps, output.flatten(2).numpy())
            return output
        with torch.autocast(image.device.type, enabled=False):
            mapped: Tensor = torch.baddbmm(self.offset[..., None], self.matrix, image.flatten(2))
        return mapped.clamp(0, 1).view(image.shape)


def channel_map(image: Tensor, *, brightness: Tensor, contrast: Tensor, saturation: Tensor, hue: Tensor) -> ChannelMap:
    """Compose four changes of colour into one map.

    Their order does not matter: each commutes with the others, because saturation and hue keep the luma of every pixel,
    to which contrast refers. torchvision clips after each change, and there the order matters.

    Saturation and hue are for images of 3 channels; others keep the proportions of their channels.

    The hue turns in YIQ, which is linear and keeps the luma. torchvision's turns in HSV, which is not linear and keeps
    the largest and the smallest channel, so that blue turned to yellow becomes much lighter. On photographs a fifth of
    the circle changes pixels by 0.030 here and by 0.027 there, in much the same direction (cosine 0.85).

    Args:
        image: (B, C, H, W) in [0, 1].
        brightness: (B,) factor of every value.
        contrast: (B,) factor of a value's distance from the mean grey of its image; 0 gives that grey alone.
        saturation: (B,) factor of a colour's distance from its grey; 0 gives grey.
        hue: (B,) share of the circle of colours, positive from red to green.
    """
    channels, mean = image.shape[1], image.mean((2, 3))
    if channels == 3:
        grey, colour, turned = _PARTS.to(image.device)
        angle = (2 * math.pi * hue)[:, None, None]
        matrix = grey + saturation[:, None, None] * (angle.cos() * colour + angle.sin() * turned)
        mean = mean @ grey[0]
    else:
        matrix = torch.eye(channels, device=image.device).expand(len(image), -1, -1)
        mean = mean.mean(1)
    offset = (1 - contrast) * brightness * mean
    return ChannelMap((brightness * contrast)[:, None, None] * matrix, offset[:, None].expand(-1, channels))


@dataclass(frozen=True, kw_only=True)
class Jitter:
    """How far the colours of an image are changed at random, and how often.

    Attributes:
        brightness: factors are drawn evenly within this of 1, and at least 0.
        contrast: the same.
        saturation: the same.
        hue: shares of the circle are drawn evenly within this of 0.
        share: probability that an image is changed.
        grey: probability that an image of 3 channels loses its colours.
    """

    brightness: float = 0.8
    contrast: float = 0.8
    saturation: float = 0.8
    hue: float = 0.2
    share: float = 0.8
    grey: float = 0.2


def random_map(image: Tensor, jitter: Jitter, numbers: Tensor) -> ChannelMap:
    """Turn the random numbers of each image into its map.

    Args:
        image: (B, C, H, W) in [0, 1].
        jitter: the strengths.
        numbers: (B, 6) from [0, 1): brightness, contrast, saturation, hue, whether to change, whether to turn grey.
    """
    reach = torch.tensor([jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue], device=image.device)
    change = (2 * numbers[:, :4] - 1) * reach * (numbers[:, 4:5] < jitter.share)
    brightness, contrast, saturation = (1 + change[:, :3]).clamp(min=0).unbind(1)
    saturation = saturation * (numbers[:, 5] >= jitter.grey)
    with torch.autocast(image.device.type, enabled=False):
        return channel_map(image, brightness=brightness, contrast=contrast, saturation=saturation, hue=change[:, 3])
