"""How far filled pixels are from the true ones, counted in the hole alone."""

import torch
from torch import Tensor

SMALLEST = (1 / 255) ** 2
"""A mean squared error below one step of 8 bits counts as one step: nobody sees it, and PSNR would be infinite at 0."""


def hole_errors(filled: Tensor, image: Tensor, hole: Tensor) -> Tensor:
    """Measure each image by itself.

    Args:
        filled: (B, C, S, S) in [0, 1].
        image: (B, C, S, S) in [0, 1], the truth.
        hole: (B, S, S) bool, True where pixels were missing; at least one in each image.

    Returns:
        (B, 3) float64: mean absolute error (0 to 1), mean squared error (0 to 1) and peak signal-to-noise ratio in dB
        for values from 0 to 1, at most 48.13.

    >>> image = torch.zeros(1, 1, 2, 2)
    >>> hole_errors(image + 0.1, image, torch.ones(1, 2, 2, dtype=torch.bool)).tolist()[0][2].__round__(3)
    20.0
    """
    missing = hole[:, None].double()
    count = missing.sum((1, 2, 3)) * image.shape[1]
    difference = (filled - image).double() * missing
    absolute = difference.abs().sum((1, 2, 3)) / count
    squared = difference.square().sum((1, 2, 3)) / count
    return torch.stack([absolute, squared, -10 * squared.clamp(min=SMALLEST).log10()], 1)
