"""Turn, shear, stretch, shift and bend images a little, as another hand would have drawn them."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.transforms.draws import Draws

DEGREES, SHEAR, STRETCH, SHIFT = 10.0, 0.3, 0.2, 2 / 105
"""The largest of each: degrees to either side, shear along either axis, share by which an axis grows or shrinks, and
share of the side, which is 2 of 105 pixels."""

KNOTS = 4
"""Points along each side that are moved each in its own way where an image is bent."""


def jittered(image: Tensor, draws: Draws, *, strength: float = 1.0, share: float = 0.5, bend: float = 0.0) -> Tensor:
    """Move each image in a way of its own; linear between pixels, 0 where nothing was seen.

    Args:
        image: (B, C, H, W).
        draws: where the ways come from.
        strength: the published ranges of turns, shears, stretches and shifts times this.
        share: probability that each of the seven components (a turn; shears, stretches and shifts along both axes) is
            other than nothing.
        bend: standard deviation of the places of the knots, as a share of the side.

    Returns:
        (B, C, H, W).

    Source: Koch, Zemel, Salakhutdinov, *Siamese Neural Networks for One-shot Image Recognition*, 2015, section 4;
    Ronneberger, Fischer, Brox, *U-Net*, 2015, section 3.1: displacements on a coarse grid, bicubic between, here on
    ``KNOTS`` a side and not 3.
    """
    drawn = movements(len(image), draws, strength=strength, share=share)
    return moved(image, drawn, bends(len(image), draws, bend) if bend else None)


def movements(count: int, draws: Draws, *, strength: float = 1.0, share: float = 0.5) -> Tensor:
    """Draw (B, 7) how each image is turned, sheared, stretched and shifted, see ``jittered``; zeros are nothing."""
    drawn: Tensor = (2 * draws.uniform(count, 7) - 1) * (draws.uniform(count, 7) < share) * strength
    return drawn


def bends(count: int, draws: Draws, deviation: float) -> Tensor:
    """Draw (B, 2, KNOTS, KNOTS) how far the knots of each image lie off their places, in shares of the side."""
    return deviation * draws.normal(count, 2, KNOTS, KNOTS)


def moved(image: Tensor, drawn: Tensor, bend: Tensor | None = None) -> Tensor:
    """Move (B, C, H, W) images by ``movements``, in shares of the largest, and by ``bends``."""
    angle = drawn[:, 0] * (DEGREES * math.pi / 180)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
    shear, stretch, shift = drawn[:, 1:3] * SHEAR, 1 + drawn[:, 3:5] * STRETCH, drawn[:, 5:] * (2 * SHIFT)
    shape = torch.stack([stretch[:, 0], shear[:, 0], shear[:, 1], stretch[:, 1]], 1).view(-1, 2, 2)
    with torch.autocast(image.device.type, enabled=False):  # half precision would move pixels
        back = torch.cat([turn @ shape, shift[:, :, None]], 2)  # where each pixel comes from
        grid = F.affine_grid(back, list(image.shape), align_corners=False)
        if bend is not None:
            between = F.interpolate(2 * bend, size=image.shape[2:], mode="bicubic", align_corners=True)
            grid = grid + between.permute(0, 2, 3, 1)
        return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
