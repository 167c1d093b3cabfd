"""Turn, shear, stretch and shift images a little, as another hand would have drawn them."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.transforms.draws import Draws

DEGREES, SHEAR, STRETCH, SHIFT = 10.0, 0.3, 0.2, 2 / 105
"""The largest of each: degrees to either side, shear along either axis, share by which an axis grows or shrinks, and
share of the side, which is 2 of 105 pixels."""


def affine_jitter(image: Tensor, draws: Draws, *, strength: float = 1.0, share: float = 0.5) -> Tensor:
    """Move each image by an affine map of its own; linear between pixels, 0 where nothing was seen.

    Args:
        image: (B, C, H, W).
        draws: where the maps come from.
        strength: the published ranges times this.
        share: probability that each of the seven components (a turn; shears, stretches and shifts along both axes) is
            other than nothing.

    Returns:
        (B, C, H, W).

    Source: Koch, Zemel, Salakhutdinov, *Siamese Neural Networks for One-shot Image Recognition*, 2015, section 4.
    """
    return moved(image, movements(len(image), draws, strength=strength, share=share))


def movements(count: int, draws: Draws, *, strength: float = 1.0, share: float = 0.5) -> Tensor:
    """Draw (B, 7) what is done to each image, as ``affine_jitter`` draws it; zeros are nothing."""
    drawn: Tensor = (2 * draws.uniform(count, 7) - 1) * (draws.uniform(count, 7) < share) * strength
    return drawn


def moved(image: Tensor, drawn: Tensor) -> Tensor:
    """Move (B, C, H, W) images by (B, 7) turns, shears, stretches and shifts, in shares of the largest."""
    angle = drawn[:, 0] * (DEGREES * math.pi / 180)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
    shear, stretch, shift = drawn[:, 1:3] * SHEAR, 1 + drawn[:, 3:5] * STRETCH, drawn[:, 5:] * (2 * SHIFT)
    shape = torch.stack([stretch[:, 0], shear[:, 0], shear[:, 1], stretch[:, 1]], 1).view(-1, 2, 2)
    with torch.autocast(image.device.type, enabled=False):  # half precision would move pixels
        back = torch.cat([turn @ shape, shift[:, :, None]], 2)  # where each pixel comes from
        grid = F.affine_grid(back, list(image.shape), align_corners=False)
        return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
