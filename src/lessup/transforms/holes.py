"""Which pixels of an image are taken away, for a network to fill in: pure functions of their arguments and draws.

Source: Pathak et al., *Context Encoders: Feature Learning by Inpainting*, 2016, section 3.3, and the released code.
"""

import math

import torch
from torch import Tensor

from lessup.transforms.draws import Draws

BLOCK_AREA = 1 / 16
"""Share of the image that one of the random blocks takes; the paper says "smaller", not how small."""

LARGEST_AREA = 0.25
"""Share of the image that all random blocks take together, at most."""

NUM_BLOCKS = 8
"""Blocks drawn for an image; those from which on they would take more than ``LARGEST_AREA`` are left out."""

CELL = 1 / 0.06
"""Pixels between the values of the noise that shapes a region, in an image of ``REGION_SIDE`` pixels a side."""

REGION_SIDE = 128
"""Side of the images of the released code; the noise grows and shrinks with them."""

DENSITY = 0.25
"""Noise below this is a region."""

REGION_AREA = (0.2, 0.3)
"""Shares of the image between which a region must lie to be taken."""

NUM_REGIONS = 24
"""Regions drawn for an image, of which the first that suits is taken; about one in five does."""


def central_hole(side: int, *, hole: int) -> Tensor:
    """Return the square in the middle of an image.

    Args:
        side: S, pixels on each side of the image.
        hole: pixels on each side of the hole.

    Returns:
        (S, S) bool, True where pixels are missing.

    >>> central_hole(4, hole=2).int().tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    first = (side - hole) // 2
    inside = (torch.arange(side) >= first) & (torch.arange(side) < first + hole)
    return inside[:, None] & inside


def random_blocks(num: int, side: int, draws: Draws) -> Tensor:
    """Take several squares that may overlap, up to a quarter of the image.

    Args:
        num: B.
        side: S, pixels on each side of the images.
        draws: where the squares come from.

    Returns:
        (B, S, S) bool, True where pixels are missing; between ``BLOCK_AREA`` and ``LARGEST_AREA`` of each image.
    """
    length = math.floor(side * math.sqrt(BLOCK_AREA))
    corner = draws.integers(0, side - length + 1, num, NUM_BLOCKS, 2)[..., None]  # (B, NUM_BLOCKS, 2, 1)
    place = torch.arange(side, device=corner.device)
    rows, columns = ((place >= corner) & (place < corner + length)).unbind(2)  # (B, NUM_BLOCKS, S) each
    first = torch.full((num, side, side), NUM_BLOCKS, dtype=torch.uint8, device=corner.device)
    for number in reversed(range(NUM_BLOCKS)):  # the first block that takes each pixel
        first.masked_fill_(rows[:, number, :, None] & columns[:, number, None], number)
    area = torch.stack([(first <= number).sum((1, 2)) for number in range(NUM_BLOCKS)], 1)  # (B, NUM_BLOCKS)
    together = (area <= LARGEST_AREA * side**2).sum(1)
    return first < together[:, None, None]


def random_regions(num: int, side: int, draws: Draws) -> Tensor:
    """Take patches with soft, random outlines: smooth noise below a threshold.

    The released code makes one pattern of 10,000 x 10,000 pixels and cuts windows out of it until one suits; here each
    window is made by itself, which is the same but for the borders of that pattern.

    Args:
        num: B.
        side: S, pixels on each side of the images.
        draws: where the noise comes from.

    Returns:
        (B, S, S) bool, True where pixels are missing: between 20 and 30 % of each image, counted on about 32 rows and
        columns. Where none of ``NUM_REGIONS`` windows suits, the one nearest to 25 % is taken.

    Source: the released code, ``train_random.lua``; the paper takes outlines of objects from PASCAL VOC instead.
    """
    cell = CELL * side / REGION_SIDE
    grid = math.ceil(side / cell) + 5  # two values beyond each border for the cubic, one for the offset
    noise = draws.uniform(num, NUM_REGIONS, grid, grid)
    offset = 2 + draws.uniform(num, 2)  # in cells
    place = offset[:, :, None] + torch.arange(side, device=noise.device) / cell  # (B, 2, S)
    weights = _cubic((place[..., None] - torch.arange(grid, device=noise.device)).abs())  # (B, 2, S, grid)
    coarse = _smooth(noise, weights[:, :, :: max(side // 32, 1)]) < DENSITY
    area = coarse.flatten(2).float().mean(2)  # (B, NUM_REGIONS)
    suits = (area > REGION_AREA[0]) & (area < REGION_AREA[1])
    nearest = (area - sum(REGION_AREA) / 2).abs().argmin(1)
    chosen = torch.where(suits.any(1), suits.int().argmax(1), nearest)
    return _smooth(noise[torch.arange(num, device=noise.device), chosen][:, None], weights)[:, 0] < DENSITY


def _smooth(noise: Tensor, weights: Tensor) -> Tensor:
    """Return (B, N, S, S) values between those of (B, N, G, G), by (B, 2, S, G) weights of rows and columns."""
    return weights[:, None, 0] @ noise @ weights[:, None, 1].mT


def _cubic(distance: Tensor) -> Tensor:
    """Return the weight of a value at a distance >= 0 in cells: the cubic of Catmull and Rom, 1 at 0 and 0 beyond 2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    return torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))
