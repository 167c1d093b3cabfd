"""Shift whole images by whole pixels, with what lies beyond the border mirrored, and turn some left to right."""

import torch
from torch import Tensor

from lessup.transforms.draws import Draws


def shifted(image: Tensor, draws: Draws, *, shift: float = 0.125, mirror: float = 0.5) -> Tensor:
    """Mirror a share of the images and shift all by whole pixels, drawn evenly.

    Args:
        image: (B, C, H, W).
        draws: where the numbers come from.
        shift: largest shift along each axis, as a share of the height or the width; below 1.
        mirror: probability that an image is turned left to right.

    Returns:
        (B, C, H, W); beyond its border an image goes on mirrored about its outermost pixels.

    Source: Sohn et al., *FixMatch*, 2020, section 2.3.
    """
    height, width = image.shape[2:]
    numbers = draws.uniform(len(image), 3)
    rows = _sources(height, shift, numbers[:, 0])
    columns = _sources(width, shift, numbers[:, 1])
    columns = torch.where(numbers[:, 2:] < mirror, width - 1 - columns, columns)
    batch = torch.arange(len(image), device=image.device)[:, None, None]
    moved = image.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]]  # (B, H, W, C)
    return moved.permute(0, 3, 1, 2)


def _sources(length: int, share: float, number: Tensor) -> Tensor:
    """Return (B, length) the pixel that each pixel shows, for (B,) numbers from [0, 1)."""
    reach = round(share * length)
    moved = (number * (2 * reach + 1)).floor().long() - reach
    place = torch.arange(length, device=number.device) + moved[:, None]
    return (length - 1) - ((length - 1) - place.abs()).abs()
