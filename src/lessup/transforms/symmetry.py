"""The 8 ways to turn or mirror a grid about its upright axis that map cells onto cells."""

import torch
from torch import Tensor

NUM_SYMMETRIES = 8
"""Number 0 changes nothing. Bit 0 exchanges x and y, then bit 1 mirrors x, then bit 2 mirrors y."""


def apply_symmetry(grids: Tensor, number: Tensor) -> Tensor:
    """Turn or mirror each grid about the z axis.

    Args:
        grids: (B, V, V, V), any dtype; axes x, y, z.
        number: (B,) int64, 0 to 7: which symmetry.

    Returns:
        (B, V, V, V).

    >>> grid = torch.arange(8).view(1, 2, 2, 2)
    >>> apply_symmetry(grid, torch.tensor([3])).equal(grid.rot90(1, (1, 2)))
    True
    """
    exchange, mirror_x, mirror_y = (((number >> bit) & 1).bool().view(-1, 1, 1, 1) for bit in range(3))
    grids = torch.where(exchange, grids.transpose(1, 2), grids)
    grids = torch.where(mirror_x, grids.flip(1), grids)
    return torch.where(mirror_y, grids.flip(2), grids)


def undo_symmetry(grids: Tensor, number: Tensor) -> Tensor:
    """Undo ``apply_symmetry`` with the same numbers.

    >>> grid = torch.arange(8).view(1, 2, 2, 2)
    >>> all(undo_symmetry(apply_symmetry(grid, n), n).equal(grid) for n in torch.arange(8).view(8, 1))
    True
    """
    # After the exchange the mirrored axes have changed places.
    exchanged = (number & 1).bool()
    swapped = (number & 1) | ((number & 2) << 1) | ((number & 4) >> 1)
    return apply_symmetry(grids, torch.where(exchanged, swapped, number))
