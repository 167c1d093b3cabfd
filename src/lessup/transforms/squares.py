"""Square boxes whose side is a share of an image's short side: "load at 72, crop 64", whatever the image's size."""

import torch
from torch import Tensor

from lessup.transforms.draws import Draws


def random_squares(extent: Tensor, share: float | Tensor, draws: Draws) -> Tensor:
    """Draw a square anywhere in each image.

    Args:
        extent: (B, 2) int64 height and width of each image.
        share: side of the square over the short side of the image, 0 < share <= 1, for all or (B, 1).
        draws: where the places come from.

    Returns:
        (B, 4) left, top, right, bottom in pixels, fractional.
    """
    return _squares(extent, share, draws.uniform(len(extent), 2))


def central_squares(extent: Tensor, share: float) -> Tensor:
    """Return (B, 4) the square in the middle of each image; arguments as above.

    >>> central_squares(torch.tensor([[10, 20]]), 0.8)
    tensor([[ 6.,  1., 14.,  9.]])
    """
    return _squares(extent, share, torch.full_like(extent, 0.5, dtype=torch.float32))


def _squares(extent: Tensor, share: float | Tensor, place: Tensor) -> Tensor:
    """Return boxes by their (B, 2) place within the room that is left above and beside them, 0 to 1."""
    side = share * extent.amin(1, keepdim=True)  # (B, 1)
    corner = place * (extent - side)  # (B, 2) top, left
    return torch.cat([corner, corner + side], 1)[:, [1, 0, 3, 2]]
