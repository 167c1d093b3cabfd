"""Gaussian blur with a width of its own for every image."""

import torch
from torch import Tensor

from lessup.transforms.on_cpu import loops_suit, over_rows


def gaussian_blur(image: Tensor, sigma: Tensor, reach: int) -> Tensor:
    """Blur each image; beyond its border it goes on mirrored about its outermost pixels.

    Args:
        image: (B, C, H, W), H and W above ``reach``.
        sigma: (B,) standard deviations in pixels; 0 leaves an image as it is.
        reach: pixels on each side that the kernel covers.

    Returns:
        (B, C, H, W).
    """
    if loops_suit(image):
        from lessup.transforms import image_kernels  # imports numba, which takes longer than all of `import lessup` may

        taps, output = kernel(sigma, reach)[:, reach:].contiguous(), torch.empty(image.shape)
        over_rows(image_kernels.blur, image.detach().contiguous().numpy(), taps.numpy(), output.numpy())
        return output
    rows, columns = (_weights(sigma, reach, length) for length in image.shape[2:])
    with torch.autocast(image.device.type, enabled=False):
        return rows[:, None] @ image @ columns[:, None].mT


def kernel(sigma: Tensor, reach: int) -> Tensor:
    """Return (B, 2 * reach + 1) weights that sum to 1."""
    place = torch.arange(-reach, reach + 1, device=sigma.device)
    weights = torch.exp(-(place**2) / (2 * sigma.clamp(min=1e-3)[:, None] ** 2))
    return weights / weights.sum(1, keepdim=True)


def _weights(sigma: Tensor, reach: int, length: int) -> Tensor:
    """Return (B, length, length) weights of every pixel of a row or column for every other."""
    place = torch.arange(length, device=sigma.device)
    source = place[:, None] + torch.arange(-reach, reach + 1, device=sigma.device)  # (length, 2 * reach + 1)
    source = (length - 1) - ((length - 1) - source.abs()).abs()  # mirrored without repeating the outermost pixel
    taps = kernel(sigma, reach)[:, None, :].expand(-1, length, -1)
    weights = torch.zeros(len(sigma), length, length, device=sigma.device)
    return weights.scatter_add_(2, source.expand(len(sigma), -1, -1), taps)
