"""What a damaged grid tells about its damage: how dense it is nearby, which slices are empty, where a cell is."""

import torch
from torch import Tensor
from torch.nn import functional as F


def box_mean(grid: Tensor, reach: int) -> Tensor:
    """Return (B, U, U, U) the mean of (B, U, U, U) over a cube of ``2 * reach + 1`` cells a side; 0 outside."""
    size = 2 * reach + 1
    for axis in (1, 2, 3):
        side = grid.shape[axis]
        padded = F.pad(grid, tuple(reach * int(place // 2 == 3 - axis) for place in range(6)))
        grid = torch.stack([padded.narrow(axis, start, side) for start in range(size)]).sum(0) / size
    return grid


def gaps(grid: Tensor) -> tuple[Tensor, Tensor]:
    """Say which slices are empty, and what tells lost slices from lost cells.

    Args:
        grid: (B, U, U, U) of 0 and 1, U even.

    Returns:
        (B, 6, U/2, U/2, U/2) for each axis and each of the 2 slices of a block: 0 not empty, 1 empty between others,
        0.5 empty outside; and (B, 7) statistics: occupied cells, and for each axis the number of empty slices between
        others and the share of occupied cells whose neighbour is occupied.
    """
    side = grid.shape[1]
    count = grid.sum((1, 2, 3)).clamp_min(1)
    maps, statistics = [], [count / 3000]
    for axis in (1, 2, 3):
        filled = grid.amax([other for other in (1, 2, 3) if other != axis])  # (B, U)
        between = (1 - filled) * filled.cummax(1)[0] * filled.flip(1).cummax(1)[0].flip(1)
        shape = [len(grid), 2, 1, 1, 1]
        shape[axis + 1] = side // 2
        in_blocks = ((1 - filled + between) / 2).view(-1, side // 2, 2).transpose(1, 2)  # (B, 2, U/2)
        maps.append(in_blocks.reshape(shape).expand(-1, -1, *(side // 2,) * 3))
        pairs = (grid.narrow(axis, 0, side - 1) * grid.narrow(axis, 1, side - 1)).sum((1, 2, 3))
        statistics += [between.sum(1) / 5, pairs / count]
    return torch.cat(maps, 1), torch.stack(statistics, 1)


def coordinates(like: Tensor) -> Tensor:
    """Return (B, 2, N, N, N) for maps (B, C, N, N, N): height, and squared distance from the upright axis.

    Both are in half sides, from the middle of the grid.
    """
    batch, _, side = like.shape[:3]
    line = torch.linspace(-1, 1, side, device=like.device)
    height = line.expand(side, side, side)
    distance = (line[:, None] ** 2 + line**2)[:, :, None].expand(side, side, side)
    return torch.stack([height, distance]).expand(batch, -1, -1, -1, -1)
