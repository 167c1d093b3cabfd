"""Cut boxes out of maps of class numbers, which must not be mixed as colours are."""

import torch
from torch import Tensor


def crop_labels(mask: Tensor, box: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample one box of each map to one size; every pixel takes the number under its centre.

    Args:
        mask: (B, H, W) int64.
        box: (B, 4) left, top, right, bottom in pixels, as for ``crop_resize``; right < left mirrors.
        size: height and width of the output.

    Returns:
        (B, *size) int64; -1 outside the map.

    >>> crop_labels(torch.tensor([[[1, 2]]]), torch.tensor([[2.0, 0.0, 0.0, 1.0]]), (1, 4))
    tensor([[[2, 2, 1, 1]]])
    """
    rows = _places(box[:, 1], box[:, 3], size[0])
    columns = _places(box[:, 0], box[:, 2], size[1])
    inside = ((rows >= 0) & (rows < mask.shape[1]))[:, :, None] & ((columns >= 0) & (columns < mask.shape[2]))[:, None]
    number = torch.arange(len(mask), device=mask.device)[:, None, None]
    found = mask[number, rows.clamp(0, mask.shape[1] - 1)[:, :, None], columns.clamp(0, mask.shape[2] - 1)[:, None]]
    return found.masked_fill(~inside, -1)


def _places(low: Tensor, high: Tensor, size: int) -> Tensor:
    """Return (B, size) int64 pixels that hold the centres of the output's pixels."""
    step = (high - low)[:, None] / size
    return (low[:, None] + (torch.arange(size, device=low.device) + 0.5) * step).floor().long()
