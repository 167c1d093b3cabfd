"""Strong random changes of images: RandAugment with a strength of its own for every image, and squares cut out.

Source: Cubuk, Zoph, Shlens, Le, *RandAugment: Practical Automated Data Augmentation with a Reduced Search Space*, 2020,
https://arxiv.org/abs/1909.13719, with the operations and ranges of Sohn et al., *FixMatch: Simplifying Semi-Supervised
Learning with Consistency and Confidence*, 2020, https://arxiv.org/abs/2001.07685, table 12, which draws strengths anew
for every image. What each operation does is Pillow's, on values in [0, 1] that are not rounded; turned and shifted
images are linear between pixels, where Pillow takes the nearest, and 0 where nothing was seen.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.transforms.colour import channel_map
from lessup.transforms.draws import Draws

LEVELS = 256
"""Values of a pixel that ``equalize`` and ``posterize`` tell apart."""

GREY = 0.5
"""Value of what is cut out."""


def autocontrast(image: Tensor, strength: Tensor) -> Tensor:  # noqa: ARG001 - all operations take one
    """Stretch every channel of (B, C, H, W) to [0, 1]; one that is constant stays."""
    low, high = image.amin((2, 3), keepdim=True), image.amax((2, 3), keepdim=True)
    width = high - low
    return torch.where(width > 0, (image - low) / width.clamp(min=1e-6), image)


def brightness(image: Tensor, strength: Tensor) -> Tensor:
    """Multiply by (B,) factors."""
    return _coloured(image, brightness=strength)


def colour(image: Tensor, strength: Tensor) -> Tensor:
    """Bring colours nearer to their grey: 0 gives grey, 1 the image; images not of 3 channels stay."""
    return _coloured(image, saturation=strength)


def contrast(image: Tensor, strength: Tensor) -> Tensor:
    """Bring values nearer to the mean grey of their image: 0 gives that grey, 1 the image."""
    return _coloured(image, contrast=strength)


def equalize(image: Tensor, strength: Tensor) -> Tensor:  # noqa: ARG001
    """Spread the values of every channel so that all of 256 levels occur alike, as Pillow's ``ImageOps.equalize``."""
    level = (image * (LEVELS - 1)).round().long().flatten(2)  # (B, C, H W)
    count = torch.zeros(*image.shape[:2], LEVELS, dtype=torch.int64, device=image.device)
    count.scatter_add_(2, level, torch.ones_like(level))
    last = count.gather(2, level.amax(2, keepdim=True))
    step = (level.shape[2] - last) // (LEVELS - 1)  # (B, C, 1)
    below = count.cumsum(2) - count
    table = ((below + step // 2) // step.clamp(min=1)).clamp(max=LEVELS - 1)
    spread = table.gather(2, level).view(image.shape) / (LEVELS - 1)
    return torch.where(step[..., None] > 0, spread, image)


def identity(image: Tensor, strength: Tensor) -> Tensor:  # noqa: ARG001
    """Leave the images as they are."""
    return image


def posterize(image: Tensor, strength: Tensor) -> Tensor:
    """Keep the first (B,) bits, rounded down, of 8."""
    unit = 2 ** (8 - strength.floor().long()).view(-1, 1, 1, 1)
    return (image * (LEVELS - 1)).round().long() // unit * unit / (LEVELS - 1)


def rotate(image: Tensor, strength: Tensor) -> Tensor:
    """Turn by (B,) degrees, counterclockwise."""
    cos, sin = (strength * (math.pi / 180)).cos(), (strength * (math.pi / 180)).sin()
    return _warped(image, _matrix(cos, -sin, sin, cos))


def sharpness(image: Tensor, strength: Tensor) -> Tensor:
    """Bring pixels nearer to the weighted mean of their neighbours: 0 gives that, 1 the image; the border stays."""
    weight = image.new_tensor([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    channels = image.shape[1]
    smooth = image.clone()
    smooth[:, :, 1:-1, 1:-1] = F.conv2d(image, weight.expand(channels, 1, 3, 3), groups=channels)
    return smooth + strength.view(-1, 1, 1, 1) * (image - smooth)


def shear_x(image: Tensor, strength: Tensor) -> Tensor:
    """Shift rows by (B,) times their distance from the middle."""
    one, zero = torch.ones_like(strength), torch.zeros_like(strength)
    return _warped(image, _matrix(one, strength, zero, one))


def shear_y(image: Tensor, strength: Tensor) -> Tensor:
    """Shift columns by (B,) times their distance from the middle."""
    one, zero = torch.ones_like(strength), torch.zeros_like(strength)
    return _warped(image, _matrix(one, zero, strength, one))


def solarize(image: Tensor, strength: Tensor) -> Tensor:
    """Invert values of (B,) and above."""
    return torch.where(image >= strength.view(-1, 1, 1, 1), 1 - image, image)


def translate_x(image: Tensor, strength: Tensor) -> Tensor:
    """Shift to the left by (B,) times the width."""
    return _warped(image, _unmoved(image), torch.stack([strength, torch.zeros_like(strength)], 1))


def translate_y(image: Tensor, strength: Tensor) -> Tensor:
    """Shift upwards by (B,) times the height."""
    return _warped(image, _unmoved(image), torch.stack([torch.zeros_like(strength), strength], 1))


@dataclass(frozen=True)
class Operation:
    """One way of changing images.

    Attributes:
        apply: takes (B, C, H, W) in [0, 1] and (B,) strengths.
        low: least strength.
        high: largest.
    """

    apply: Callable[[Tensor, Tensor], Tensor]
    low: float = 0.0
    high: float = 1.0


OPERATIONS = (
    Operation(autocontrast),
    Operation(brightness, 0.05, 0.95),
    Operation(colour, 0.05, 0.95),
    Operation(contrast, 0.05, 0.95),
    Operation(equalize),
    Operation(identity),
    Operation(posterize, 4, 8),
    Operation(rotate, -30, 30),
    Operation(sharpness, 0.05, 0.95),
    Operation(shear_x, -0.3, 0.3),
    Operation(shear_y, -0.3, 0.3),
    Operation(solarize),
    Operation(translate_x, -0.3, 0.3),
    Operation(translate_y, -0.3, 0.3),
)
"""Those of FixMatch, with their ranges."""


def rand_augment(image: Tensor, draws: Draws, *, operations: int = 2) -> Tensor:
    """Change every image by operations drawn for it, one after the other, each with a strength drawn for it.

    Args:
        image: (B, C, H, W) in [0, 1].
        draws: where the numbers come from.
        operations: how many.

    Returns:
        (B, C, H, W) in [0, 1].
    """
    kind = draws.integers(0, len(OPERATIONS), len(image), max(operations, 1))
    strength = draws.uniform(len(image), max(operations, 1))
    with torch.autocast(image.device.type, enabled=False):
        for turn in range(operations):
            changed = image.clone()
            for number, operation in enumerate(OPERATIONS):
                rows = (kind[:, turn] == number).nonzero()[:, 0]
                if len(rows):
                    strengths = operation.low + (operation.high - operation.low) * strength[rows, turn]
                    changed[rows] = operation.apply(image[rows], strengths)
            image = changed.clamp(0, 1)
    return image


def cut_out(image: Tensor, draws: Draws, *, largest: float = 0.5) -> Tensor:
    """Turn a square of every image grey; its middle lies anywhere in the image, so that parts may lie outside.

    Args:
        image: (B, C, H, W) in [0, 1].
        draws: where the numbers come from.
        largest: side of a square over the short side of the image, at most; sides are drawn evenly from 0 on.

    Returns:
        (B, C, H, W).

    Source: DeVries, Taylor, *Improved Regularization of Convolutional Neural Networks with Cutout*, 2017; sides as in
    FixMatch, table 12.
    """
    height, width = image.shape[2:]
    side, down, across = draws.uniform(len(image), 3).unbind(1)
    half = side * largest * min(height, width) / 2

    def within(length: int, place: Tensor) -> Tensor:
        middle = torch.arange(length, device=image.device) + 0.5
        return (middle - place[:, None] * length).abs() < half[:, None]

    hole = within(height, down)[:, None, :, None] & within(width, across)[:, None, None, :]
    return image.masked_fill(hole, GREY)


def _coloured(
    image: Tensor, *, brightness: Tensor | None = None, contrast: Tensor | None = None, saturation: Tensor | None = None
) -> Tensor:
    one = torch.ones(len(image), device=image.device)
    factors = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    known = {name: one if value is None else value for name, value in factors.items()}
    return channel_map(image, **known, hue=torch.zeros_like(one))(image)


def _warped(image: Tensor, matrix: Tensor, shift: Tensor | None = None) -> Tensor:
    """Look every pixel up at a linear function of its place, in pixels from the middle, and beside that.

    Args:
        image: (B, C, H, W).
        matrix: (B, 2, 2), from (x, y) to where it is looked up.
        shift: (B, 2) how much further right and down, as shares of the width and the height.
    """
    height, width = image.shape[2:]
    ratio = image.new_tensor([[1, height / width], [width / height, 1]])  # between the units of both axes
    further = torch.zeros(len(image), 2, device=image.device) if shift is None else 2 * shift
    grid = F.affine_grid(torch.cat([matrix * ratio, further[:, :, None]], 2), list(image.shape), align_corners=False)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _matrix(xx: Tensor, xy: Tensor, yx: Tensor, yy: Tensor) -> Tensor:
    """Return (B, 2, 2) from (B,) each."""
    return torch.stack([torch.stack([xx, xy], 1), torch.stack([yx, yy], 1)], 1)


def _unmoved(image: Tensor) -> Tensor:
    """Return (B, 2, 2) that leaves every pixel where it is."""
    return torch.eye(2, device=image.device).expand(len(image), 2, 2)
