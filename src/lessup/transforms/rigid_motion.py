"""Turn and shift whole images by known amounts, as a camera's motion would."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.errors import UsageError
from lessup.transforms.draws import Draws


@dataclass(frozen=True)
class Motion:
    """How the second views of B pairs differ from the first.

    Attributes:
        shift: (B, 2) whole pixels to the right and down.
        degrees: (B,) counterclockwise.
    """

    shift: Tensor
    degrees: Tensor

    @classmethod
    def drawn(cls, count: int, draws: Draws, *, shift: int, degrees: float) -> "Motion":
        """Draw motions evenly.

        Args:
            count: B.
            draws: where they come from.
            shift: pixels at most along each axis.
            degrees: at most to either side.
        """
        pixels = draws.integers(-shift, shift + 1, count, 2)
        return cls(pixels, (2 * draws.uniform(count) - 1) * degrees)

    def applied(self, image: Tensor) -> Tensor:
        """Return the second views of (B, C, H, W) images."""
        return moved(image, self.shift, self.degrees)

    def within(self, *, shift: float, degrees: float) -> Tensor:
        """Return (B,) bool, True where a motion is no larger than so many pixels along each axis and degrees."""
        return (self.shift.abs() <= shift).all(1) & (self.degrees.abs() <= degrees)


def check_motions(shift: int, degrees: float) -> None:
    """Raise where no motions can be drawn.

    Args:
        shift: pixels at most along each axis.
        degrees: at most to either side.

    Raises:
        UsageError: either is out of range.
    """
    if shift < 0 or not 0 <= degrees <= 180:
        raise UsageError(f"shifts of {shift} pixels and turns of {degrees} degrees: wanted 0 or more, and 0 to 180")


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
    with torch.autocast(image.device.type, enabled=False):  # half precision would move pixels
        origin = -(back @ torch.stack([right, down], 1)[:, :, None])
        grid = F.affine_grid(torch.cat([back, origin], 2), list(image.shape), align_corners=False)
        return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
