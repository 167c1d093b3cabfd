"""Cut boxes out of batches of images that differ in size, and bring them to one size."""

import math

import torch
from torch import Tensor

from lessup.transforms.draws import Draws
from lessup.transforms.on_cpu import loops_suit, over_rows

TRIES = 10
"""Boxes that ``random_boxes`` draws for an image before it takes a central one; as torchvision does."""


def crop_resize(image: Tensor, box: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample one box of each image to one size, linearly, and without aliasing where it shrinks.

    Pixels that the box does not touch count for nothing, as if each image had been cut before it was resized: neither
    the padding of a small image nor what lies next to a patch shines through at its border.

    Args:
        image: (B, C, H, W), any range.
        box: (B, 4) left, top, right, bottom in pixels, within the image; may be fractional, right < left mirrors.
        size: height and width of the output.

    Returns:
        (B, C, *size), of the range of ``image`` and differentiable in it.

    >>> rows = torch.tensor([[0.0, 2.0, 4.0, 6.0]]).expand(1, 1, 4, 4)
    >>> crop_resize(rows, torch.tensor([[4.0, 0.0, 0.0, 4.0]]), (1, 2))
    tensor([[[[4.5714, 1.4286]]]])
    """
    if loops_suit(image):
        return _in_loops(image, box, size)
    rows = _weights(box[:, 1], box[:, 3], image.shape[2], size[0])
    columns = _weights(box[:, 0], box[:, 2], image.shape[3], size[1])
    with torch.autocast(image.device.type, enabled=False):  # half precision would lose bits of the pixels
        return torch.einsum("bhr,bcrs,bws->bchw", rows, image.float(), columns)


def resize_whole(image: Tensor, extent: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize each whole image, without its padding, to one size; the aspect changes.

    Args:
        image: (B, C, H, W), padded.
        extent: (B, 2) height and width of each.
        size: height and width of the output.

    Returns:
        (B, C, *size).
    """
    zero = torch.zeros_like(extent[:, 0])
    return crop_resize(image, torch.stack([zero, zero, extent[:, 1], extent[:, 0]], 1).float(), size)


def random_boxes(
    extent: Tensor,
    draws: Draws,
    *,
    area: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Tensor:
    """Draw one box of whole pixels inside each image: its share of the area evenly, its ratio evenly by its logarithm.

    Args:
        extent: (B, 2) int64 height and width of each image.
        draws: where the numbers come from.
        area: least and largest share of the image.
        ratio: least and largest width / height.

    Returns:
        (B, 4) left, top, right, bottom. An image too long for any of ``TRIES`` boxes gives its largest central box.

    Source: Szegedy et al., *Going Deeper with Convolutions*, 2015, section 6, as in torchvision's RandomResizedCrop.
    """
    height, width = extent[:, :1].float(), extent[:, 1:].float()  # (B, 1)
    share, shape, across, down = draws.uniform(len(extent), TRIES, 4).unbind(2)  # (B, TRIES)
    wanted = height * width * (area[0] + share * (area[1] - area[0]))
    aspect = (math.log(ratio[0]) + shape * math.log(ratio[1] / ratio[0])).exp()
    wide, high = (wanted * aspect).sqrt().round(), (wanted / aspect).sqrt().round()
    left, top = (across * (width - wide + 1)).floor(), (down * (height - high + 1)).floor()
    boxes = torch.stack([left, top, left + wide, top + high], 2)  # (B, TRIES, 4)
    fits = (wide >= 1) & (high >= 1) & (wide <= width) & (high <= height)
    first = fits.int().argmax(1)[:, None, None].expand(-1, 1, 4)
    return torch.where(fits.any(1)[:, None], boxes.gather(1, first)[:, 0], _central(extent, ratio))


def mirrored(box: Tensor, draws: Draws, *, share: float = 0.5) -> Tensor:
    """Exchange left and right of a random share of the boxes, so that ``crop_resize`` mirrors what is in them.

    Args:
        box: (B, 4) left, top, right, bottom.
        draws: where the numbers come from.
        share: probability of each box.

    Returns:
        (B, 4).
    """
    return torch.where(draws.uniform(len(box), 1) < share, box[:, [2, 1, 0, 3]], box)


def _central(extent: Tensor, ratio: tuple[float, float]) -> Tensor:
    """Return (B, 4) the largest central boxes whose ratio is allowed."""
    height, width = extent[:, 0].float(), extent[:, 1].float()
    wide = torch.minimum(width, (height * ratio[1]).round())
    high = torch.minimum(height, (width / ratio[0]).round())
    left, top = ((width - wide) / 2).floor(), ((height - high) / 2).floor()
    return torch.stack([left, top, left + wide, top + high], 1)


def _in_loops(image: Tensor, box: Tensor, size: tuple[int, int]) -> Tensor:
    from lessup.transforms import image_kernels  # imports numba, which takes longer than all of `import lessup` may

    batch, channels = image.shape[:2]
    pixels = image.detach().permute(0, 2, 3, 1)
    if not pixels.is_contiguous():  # one channel after the other: each is an image of its own
        pixels, box = image.detach().reshape(-1, *image.shape[2:], 1), box.repeat_interleave(channels, 0)
    output = torch.empty(len(pixels), pixels.shape[3], *size)
    over_rows(image_kernels.resample, pixels.contiguous().numpy(), box.detach().float().numpy(), output.numpy())
    return output.view(batch, channels, *size)


def _weights(low: Tensor, high: Tensor, length: int, size: int) -> Tensor:
    """Return (B, size, length) weights of a triangle filter as wide as an output pixel, at least an input pixel."""
    scale = ((high - low) / size)[:, None, None]
    centre = low[:, None, None] + (torch.arange(size, device=low.device)[:, None] + 0.5) * scale  # (B, size, 1)
    pixel = torch.arange(length, device=low.device)
    weights = (1 - (pixel + 0.5 - centre).abs() / scale.abs().clamp(min=1)).clamp(min=0)
    first, end = torch.minimum(low, high).floor(), torch.maximum(low, high).ceil()
    touched = (pixel >= first[:, None, None]) & (pixel < end[:, None, None])
    weights = weights * touched
    return weights / weights.sum(2, keepdim=True).clamp(min=1e-12)
