"""Saliency that colours and class maps find together, where colours alone cannot tell an object from a busy ground.

Contrast with what lies along the rim knows nothing of classes, and on a ground full of things it finds them all. The
class maps of an image's tags know where its classes are, and not how far they reach. Their mean is the foreground's
probability, and the dense CRF of Krahenbuhl and Koltun, *Efficient Inference in Fully Connected CRFs with Gaussian Edge
Potentials*, 2011, <https://arxiv.org/abs/1210.5644>, moves its border to where the colours change.

Differs from Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017,
<https://arxiv.org/abs/1701.08261>: their saliency comes from a network that never sees the class maps. That a class map
also covers what merely occurs together with the class is held back by the contrast alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import ShapeError, UsageError
from lessup.masks.dense_crf import FINAL, DenseCRFConfig, dense_crf

Floats = NDArray[np.float64]

LEAST = 1e-3
"""Of a probability before its logarithm is taken."""


@dataclass(frozen=True, kw_only=True)
class JointConfig:
    """How both are put together.

    Attributes:
        contrast: share that contrast has in the mean, in [0, 1]; class maps have the rest.
        crf: the dense CRF behind it.

    Raises:
        UsageError: the share is out of range.
    """

    contrast: float = 0.25
    crf: DenseCRFConfig = FINAL

    def __post_init__(self) -> None:
        if not 0 <= self.contrast <= 1:
            raise UsageError(f"contrast = {self.contrast}: wanted a share from 0 to 1")


JOINT = JointConfig()


def joint_saliency(
    pixels: NDArray[np.uint8], confidence: Floats, threshold: float, contrast: Floats, config: JointConfig = JOINT
) -> Floats:
    """Return how likely each pixel belongs to an object of the image's classes.

    Args:
        pixels: (H, W, C).
        confidence: (H, W) in [0, 1], of ``seeds.seed_confidence``.
        threshold: confidence from which on a pixel is a seed, in (0, 1].
        contrast: (H, W) in [0, 1], of ``saliency.saliency``.
        config: how both are put together.

    Returns:
        (H, W) in [0, 1], 0 where the ground is likelier; all 0 for an image without any class map above 0.

    Raises:
        ShapeError: the arrays differ in size.
    """
    if not pixels.shape[:2] == confidence.shape == contrast.shape:
        raise ShapeError(
            f"pixels {pixels.shape}, confidence {confidence.shape}, contrast {contrast.shape}: wanted (H, W, C), "
            "(H, W) and (H, W)"
        )
    if not confidence.any():
        return np.zeros(confidence.shape)
    likely = (1 - config.contrast) * likelihood(confidence, threshold) + config.contrast * contrast
    both = np.stack([1 - likely, likely]).clip(LEAST, 1 - LEAST)
    image = torch.from_numpy(np.moveaxis(pixels, 2, 0).copy())
    found = dense_crf(torch.from_numpy(-np.log(both))[None].float(), image[None], config.crf)[0, 1].double().numpy()
    return np.where(found < 0.5, 0, found)


def likelihood(confidence: Floats, threshold: float) -> Floats:
    """Return 0.5 where the confidence is at the threshold, and straight lines to 0 and to 1 on either side.

    >>> likelihood(np.array([0.0, 0.2, 0.4, 0.7, 1.0]), 0.4)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    return np.interp(confidence, [0, threshold, 1], [0, 0.5, 1])
