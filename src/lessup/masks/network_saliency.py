"""Saliency by a network that learnt what objects look like from boxes of other classes.

Seong Joon Oh, Rodrigo Benenson, Anna Khoreva, Zeynep Akata, Mario Fritz, Bernt Schiele, *Exploiting Saliency for Object
Segmentation from Image Level Labels*, 2017, <https://arxiv.org/abs/1701.08261>, section 5.2. The network is a segmenter
of one class, whose masks were made of boxes by ``samples/box_foreground.py``.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from lessup.errors import DataError, UsageError
from lessup.methods import Method
from lessup.methods.deeplab import DeepLab

Floats = NDArray[np.float64]


def saliency_network(method: Method, name: str) -> DeepLab:
    """Return a trained method as a network for saliency.

    Args:
        method: what a run holds.
        name: of the run, for messages.

    Raises:
        UsageError: it is no segmenter of one class.
        DataError: it reads no colours.
    """
    if not isinstance(method, DeepLab) or method.config.num_classes != 1:
        raise UsageError(
            f"{name} tells no foreground: wanted a run of `lessup train deeplab --data BOXES --masks boxes`"
        )
    if method.config.channels != 3:
        raise DataError(f"the network for saliency in {name} reads {method.config.channels} channels: wanted colours")
    return method


def network_saliency(network: DeepLab, pixels: NDArray[np.uint8]) -> Floats:
    """Return how likely each pixel belongs to an object.

    Args:
        network: in ``eval`` mode, of one class and three channels. What is larger than the squares that it was trained
            on is shrunk until it fits into one.
        pixels: (H, W, 3).

    Returns:
        (H, W) in [0, 1]; its maximum may be any.

    Source: Oh et al. 2017, the authors' code.
    """
    height, width = pixels.shape[:2]
    image = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] / 255
    scale = min(network.config.crop / max(height, width), 1.0)
    fit = max(round(scale * height), 1), max(round(scale * width), 1)
    small = F.interpolate(image, fit, mode="bilinear", antialias=True).clamp(0, 1)
    batch = {"image": small.to(network.device), "extent": torch.tensor([fit])}
    with torch.no_grad():
        likely = network.probabilities(batch)[:, 1:].float().cpu()
    found: Floats = F.interpolate(likely, (height, width), mode="bilinear", antialias=True)[0, 0].double().numpy()
    return found.clip(0, 1)
