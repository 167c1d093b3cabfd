"""Class maps on the pixels of the images that they were made from."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lessup.masks.boxes import Scale, scaled
from lessup.masks.class_maps import class_maps
from lessup.methods import Classifier
from lessup.samples import Batch


def image_maps(
    classifier: Classifier, batch: Batch, classes: Tensor, *, scale: Scale = "maximum"
) -> list[NDArray[np.float32]]:
    """Return every image's maps of some classes at the image's own size, each brought to [0, 1].

    A network looks at whole images whose aspect was changed to its own; the maps are stretched back.

    Args:
        classifier: in ``eval`` mode.
        batch: ``image`` (B, C, H, W) and ``extent`` (B, 2) on the classifier's device.
        classes: (B, n) int64.
        scale: see ``scaled``.

    Returns:
        B arrays (n, height, width) of the extents.
    """
    maps = class_maps(classifier, classifier.prepared(batch), classes).detach().float()
    return [
        scaled(_stretched(own, (height, width)).cpu().numpy(), scale)
        for own, (height, width) in zip(maps, batch["extent"].tolist(), strict=True)
    ]


def _stretched(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize (n, h, w) linearly, pixels as areas, as images are resized."""
    stretched: Tensor = F.interpolate(maps[None], size, mode="bilinear", align_corners=False, antialias=True)[0]
    return stretched
