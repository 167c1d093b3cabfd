"""Change how an object stands before the camera and how it is lit, as two photographs of one person differ."""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.transforms.draws import Draws


@dataclass(frozen=True)
class PoseAndLight:
    """The largest change of each kind, in both directions.

    Attributes:
        degrees: of a turn.
        stretch: share by which the object grows or shrinks.
        shift: share of height and width.
        exponent: logarithm of the power to which pixels are raised.
        slope: by which opposite borders differ in light from the middle, as a share.
        mirrored: share of the images that are mirrored.
        covered: share of the images in which a rectangle, up to 0.4 of height and width, gets one grey.
    """

    degrees: float = 15.0
    stretch: float = 0.15
    shift: float = 0.1
    exponent: float = 0.4
    slope: float = 0.5
    mirrored: float = 0.5
    covered: float = 0.5

    def scaled(self, share: float) -> "PoseAndLight":
        """Return all of it, times a share from 0 to 1."""
        return PoseAndLight(**{name: share * value for name, value in asdict(self).items()})


DARKEST = 1e-4
"""Least pixel before a power is taken, whose gradient at 0 may be infinite."""

LEAST_COVERED, MOST_COVERED = 0.15, 0.4
"""Share of height and of width."""


def pose_and_light(image: Tensor, most: PoseAndLight, draws: Draws) -> Tensor:
    """Change each image in its own way.

    Args:
        image: (B, C, H, W) in [0, 1].
        most: the largest changes.
        draws: where they come from.

    Returns:
        (B, C, H, W); linear between pixels, and the nearest border where nothing was seen. Light may pass 1.
    """
    return _covered(_lit(_posed(image, most, draws), most, draws), most.covered, draws)


def _posed(image: Tensor, most: PoseAndLight, draws: Draws) -> Tensor:
    """Turn, stretch, shift and mirror."""
    count, height, width = len(image), image.shape[2], image.shape[3]
    number = 2 * draws.uniform(count, 4) - 1  # in [-1, 1)
    angle, scale = number[:, 0] * (most.degrees * math.pi / 180), 1 + number[:, 1] * most.stretch
    shift = number[:, 2:] * (2 * most.shift)  # the image reaches from -1 to 1
    cos, sin, tall = angle.cos() * scale, angle.sin() * scale, height / width
    back = torch.stack([cos, -sin * tall, shift[:, 0], sin / tall, cos, shift[:, 1]], 1).view(-1, 2, 3)
    flip = torch.where(draws.uniform(count) < most.mirrored, -1.0, 1.0)
    back[:, :, 0] *= flip[:, None]
    with torch.autocast(image.device.type, enabled=False):  # half precision would move pixels
        grid = F.affine_grid(back, list(image.shape), align_corners=False)
        return F.grid_sample(image.float(), grid, padding_mode="border", align_corners=False)


def _lit(image: Tensor, most: PoseAndLight, draws: Draws) -> Tensor:
    """Raise to a power, and let light fall off to one side."""
    number = (2 * draws.uniform(len(image), 3) - 1).view(-1, 3, 1, 1)
    down = torch.linspace(-1, 1, image.shape[2], device=image.device).view(1, 1, -1, 1)
    right = torch.linspace(-1, 1, image.shape[3], device=image.device).view(1, 1, 1, -1)
    light = 1 + most.slope * (number[:, 1:2] * down + number[:, 2:] * right)
    powers: Tensor = image.clamp(DARKEST, 1) ** (most.exponent * number[:, :1]).exp()
    return powers * light


def _covered(image: Tensor, share: float, draws: Draws) -> Tensor:
    """Give a rectangle of some images one grey."""
    number = draws.uniform(len(image), 6)
    inside = (number[:, 0] < share).view(-1, 1, 1, 1)
    for axis, length in ((2, image.shape[2]), (3, image.shape[3])):
        size = LEAST_COVERED + (MOST_COVERED - LEAST_COVERED) * number[:, axis - 1]
        low = number[:, axis + 1] * (1 - size)
        place = (torch.arange(length, device=image.device) + 0.5) / length
        within = (place >= low[:, None]) & (place < (low + size)[:, None])
        inside = inside & within.view(-1, 1, *((length, 1) if axis == 2 else (1, length)))
    return torch.where(inside, number[:, 5].view(-1, 1, 1, 1), image)
