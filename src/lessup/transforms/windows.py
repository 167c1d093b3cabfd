"""Cut windows of one size out of a batch at the images' own scale; what lies beyond an image is its mirror image."""

import torch
from torch import Tensor

from lessup.transforms.draws import Draws


def random_windows(extent: Tensor, side: int, draws: Draws) -> Tensor:
    """Draw where a square window begins in each image: anywhere inside, or around an image that is smaller.

    Args:
        extent: (B, 2) int64 height and width of each image.
        side: pixels on each side of the window.
        draws: where the places come from.

    Returns:
        (B, 2) int64 top and left; negative where the image begins within the window.
    """
    room = extent - side
    low, high = room.clamp(max=0), room.clamp(min=0)
    return low + (draws.uniform(len(extent), 2) * (high - low + 1)).long().clamp(max=high - low)


def cut_windows(
    values: Tensor, extent: Tensor, corner: Tensor, size: tuple[int, int], *, mirror: Tensor | None = None
) -> Tensor:
    """Cut one window out of each image, with reflection beyond its border, and mirror some.

    The pixel at the border is not repeated, and an image much smaller than the window is reflected again and again.

    Args:
        values: (B, C, H, W) or, such as class numbers, (B, H, W), padded; any dtype.
        extent: (B, 2) int64 height and width of each image within it.
        corner: (B, 2) int64 top and left of the window, may be negative.
        size: height and width of the windows.
        mirror: (B,) bool, windows of which left and right are exchanged.

    Returns:
        (B, C, *size) or (B, *size).

    >>> row = torch.tensor([[[1, 2, 3, 0]]])
    >>> cut_windows(row, torch.tensor([[1, 3]]), torch.tensor([[0, -2]]), (1, 8))
    tensor([[[3, 2, 1, 2, 3, 2, 1, 2]]])
    """
    rows, columns = (_places(corner[:, axis], size[axis], extent[:, axis]) for axis in (0, 1))
    if mirror is not None:
        columns = torch.where(mirror[:, None], columns.flip(1), columns)
    number = torch.arange(len(values), device=values.device)[:, None, None]
    if values.ndim == 3:
        return values[number, rows[:, :, None], columns[:, None]]
    return values.movedim(1, 3)[number, rows[:, :, None], columns[:, None]].movedim(3, 1)  # (B, C, *size)


def _places(first: Tensor, count: int, length: Tensor) -> Tensor:
    """Return (B, count) pixels from ``first`` on, reflected at both ends of ``length``."""
    place = first[:, None] + torch.arange(count, device=first.device)
    last = (length - 1)[:, None]
    folded = place.remainder((2 * last).clamp(min=1))
    return torch.minimum(folded, 2 * last - folded).clamp(min=0)
