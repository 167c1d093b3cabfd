"""Textons: small kinds of texture, as clusters of what filters answer; and how often each occurs in an image.

Source: Leung, Malik, *Representing and Recognizing the Visual Appearance of Materials using Three-dimensional Textons*,
2001, https://doi.org/10.1023/A:1011126920638: first and second derivatives of Gaussians at six orientations and three
scales, eight Laplacians of Gaussians and four Gaussians, 48 filters; here with scales from 1 to 2 sqrt(2) pixels, on
images of mean 0 and contrast 1.
"""

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

ORIENTATIONS = 6
SCALES = (1.0, 2**0.5, 2.0, 8**0.5)
"""Standard deviations in pixels; derivatives are taken at the first three."""

ELONGATION = 3.0
"""How much longer the filters of an orientation are than wide."""

REACH = 24
"""Pixels from the middle of a filter to its border."""

LEAST_CONTRAST = 0.01
"""Standard deviation of the pixels up to which an image is raised to a contrast of 1."""

NUM_FILTERS = 2 * 3 * ORIENTATIONS + 3 * len(SCALES)


@cache
def leung_malik_filters() -> Tensor:
    """Return (48, 49, 49) filters whose absolute values sum to 1: edges, bars, Laplacians, and Gaussians at the end.

    All but the Gaussians have mean 0.
    """
    down, right = torch.meshgrid(*[torch.arange(-REACH, REACH + 1, dtype=torch.float64)] * 2, indexing="ij")
    filters: dict[int, list[Tensor]] = {1: [], 2: []}
    for scale in SCALES[:3]:
        for number in range(ORIENTATIONS):
            angle = math.pi * number / ORIENTATIONS
            along = right * math.cos(angle) + down * math.sin(angle)
            across = down * math.cos(angle) - right * math.sin(angle)
            for order in filters:
                filters[order].append(_normal(along, ELONGATION * scale) * _derivative(across, scale, order))
    distance = (down**2 + right**2).sqrt()
    wide = [ELONGATION * scale for scale in SCALES]
    round_ones = [(distance**2 - 2 * s**2) / s**4 * _normal(distance, s) for s in (*SCALES, *wide)]
    found = [one - one.mean() for one in (*filters[1], *filters[2], *round_ones)]
    found += [_normal(distance, scale) for scale in SCALES]
    stacked = torch.stack(found)
    return (stacked / stacked.abs().sum((1, 2), keepdim=True)).float()


def filter_responses(image: Tensor) -> Tensor:
    """Return what the filters answer to images of one mean and contrast, which are reflected at their borders.

    Args:
        image: (B, C, H, W), 25 pixels or more to a side; channels are meaned.

    Returns:
        (B, 48, H, W).
    """
    height, width = image.shape[2:]
    grey = image.float().mean(1, keepdim=True)
    spread, mean = torch.std_mean(grey, dim=(2, 3), correction=0, keepdim=True)
    grey = F.pad((grey - mean) / spread.clamp(min=LEAST_CONTRAST), (REACH,) * 4, mode="reflect")
    size = list(grey.shape[2:])
    spectrum = torch.fft.rfft2(grey) * torch.fft.rfft2(leung_malik_filters().to(image.device).flip(1, 2), size)
    whole: Tensor = torch.fft.irfft2(spectrum, size)
    return whole[:, :, 2 * REACH : 2 * REACH + height, 2 * REACH : 2 * REACH + width]


def texton_histograms(image: Tensor, textons: Tensor) -> Tensor:
    """Count how often each texton is the nearest.

    Args:
        image: (B, C, H, W) in [0, 1].
        textons: (T, 48) answers of the filters.

    Returns:
        (B, T) shares of the pixels, which sum to 1.
    """
    with torch.autocast(image.device.type, enabled=False):
        answers = filter_responses(image).flatten(2).transpose(1, 2)  # (B, H W, 48)
        nearest = (textons.square().sum(1) - 2 * answers @ textons.T).argmin(2)
        return F.one_hot(nearest, len(textons)).float().mean(1)


def _normal(distance: Tensor, scale: float) -> Tensor:
    """Return a Gaussian, but for its constant."""
    return torch.exp(-(distance**2) / (2 * scale**2))


def _derivative(distance: Tensor, scale: float, order: int) -> Tensor:
    """Return the first or second derivative of a Gaussian, but for its constant."""
    factor = -distance / scale**2 if order == 1 else (distance**2 - scale**2) / scale**4
    return factor * _normal(distance, scale)
