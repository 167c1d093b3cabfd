"""Turn and shift whole images by known amounts, as a camera's motion would."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def moved(image: Tensor, shift: Tensor, degrees: Tensor) -> Tensor:
    """Turn each image about its centre, then shift it; linear between pixels, 0 where nothing was seen.

    Args:
        image: (B, C, H, W).
        shift: (B, 2) pixels to the right and down, may be fractional.
        degrees: (B,) counterclockwise as one looks at the image.

    Returns:
        (B, C, H, W).

    >>> row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> moved(row, torch.tensor([[1.0, 0.0]]), torch.zeros(1))
    tensor([[[[0., 1., 2.]]]])
    """
    height, width = image.shape[2:]
    radians = degrees.float() * (math.pi / 180)
    cos, sin = radians.cos(), radians.sin()
    half = image.new_tensor([width / 2, height / 2], dtype=torch.float32)
    right, down = (shift.float() / half).unbind(1)
    # where each pixel comes from, in units of half the image along each axis
    back = torch.stack([cos, -sin * height / width, sin * width / height, cos], 1).view(-1, 2, 2)
    origin = -(back @ torch.stack([right, down], 1)[:, :, None])
    grid = F.affine_grid(torch.cat([back, origin], 2), list(image.shape), align_corners=False)
    with torch.autocast(image.device.type, enabled=False):
        return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
