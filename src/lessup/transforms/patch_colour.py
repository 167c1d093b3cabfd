"""Hide the colours of patches, whose fringes would tell where in a photograph a patch comes from.

A lens bends green light less or more than red and blue, so that the colours part with the distance from the middle of
the image. A network that reads these fringes solves the pretext task without looking at what the image shows.

Source: Carl Doersch, Abhinav Gupta, Alexei A. Efros, *Unsupervised Visual Representation Learning by Context
Prediction*, 2015, section 3.1, and the authors' released code.
"""

import torch
from torch import Tensor

from lessup.transforms.draws import Draws

NOISE = 0.5 / 255
"""Channels that are dropped become even noise of up to this size; the released code has 0.5 on a scale of 255."""

RMS = 50 / 255
"""Root mean square of a patch; the released code has 50 on a scale of 255."""

GREEN_MAGENTA = (-1.0, 2.0, -1.0)
"""The direction in which green parts from red and blue."""


def drop_colours(patches: Tensor, draws: Draws) -> Tensor:
    """Keep one random channel of each patch, less its mean, and make noise of the others.

    Args:
        patches: (B, P, C, S, S) in [0, 1].
        draws: where the numbers come from.

    Returns:
        (B, P, C, S, S) in [-1, 1].
    """
    num, channels = patches.shape[:2], patches.shape[2]
    kept = draws.integers(0, channels, *num)[:, :, None] == torch.arange(channels, device=patches.device)  # (B, P, C)
    noise = (2 * draws.uniform(*patches.shape) - 1) * NOISE
    return torch.where(kept[..., None, None], patches - patches.mean((3, 4), keepdim=True), noise)


def project_colours(patches: Tensor) -> Tensor:
    """Take the difference between green and magenta out of (..., 3, H, W) red, green and blue.

    >>> project_colours(torch.tensor([0.2, 0.8, 0.2]).view(3, 1, 1)).flatten()
    tensor([0.4000, 0.4000, 0.4000])
    """
    axis = torch.tensor(GREEN_MAGENTA, device=patches.device)
    matrix = torch.eye(3, device=patches.device) - axis[:, None] * axis / axis.square().sum()
    return torch.einsum("dc,...chw->...dhw", matrix, patches)


def equal_rms(patches: Tensor) -> Tensor:
    """Scale (..., C, H, W) patches to a root mean square of ``RMS``; one without any contrast stays near 0."""
    size = patches.square().mean((-3, -2, -1), keepdim=True).sqrt()
    return patches * (RMS / size.clamp(min=NOISE / 2))


def turn_channels(image: Tensor, draws: Draws) -> Tensor:
    """Move all channels of each image along by one random number of places, so that none stays where it was.

    For red, green and blue this turns the hue by a third or two thirds of the circle.

    Args:
        image: (B, C, H, W), C >= 2.
        draws: where the numbers come from.

    Returns:
        (B, C, H, W).
    """
    channels = image.shape[1]
    places = torch.arange(channels, device=image.device) + draws.integers(1, channels, len(image), 1)
    return image.gather(1, (places % channels)[:, :, None, None].expand_as(image))
