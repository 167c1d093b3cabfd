"""Class maps on the pixels of the images that they were made from."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lessup.masks.boxes import Scale, scaled
from lessup.masks.class_maps import FRAME, class_maps, resized, ten_crop_maps
from lessup.methods import Classifier
from lessup.samples import Batch

Crops = Literal[1, 10]
"""One look at the whole image, or the summed absolute maps of ten crops, as in the code of CAM's authors."""


def image_maps(
    classifier: Classifier, batch: Batch, classes: Tensor, *, scale: Scale = "range", crops: Crops = 1
) -> list[NDArray[np.float32]]:
    """Return every image's maps of some classes at the image's own size, each brought to [0, 1].

    A network looks at whole images whose aspect was changed to its own; the maps are stretched back.

    Args:
        classifier: in ``eval`` mode.
        batch: ``image`` (B, C, H, W) and ``extent`` (B, 2) on the classifier's device.
        classes: (B, n) int64.
        scale: see ``scaled``.
        crops: one pass over the whole image, or ten, which take ten times as long.

    Returns:
        B arrays (n, height, width) of the extents.
    """
    if crops == 10:
        side = classifier.backbone.side
        frame = FRAME if side in (224, 227) else round(side * FRAME / 224)
        maps = ten_crop_maps(classifier, batch, classes, frame=frame)
    else:
        maps = class_maps(classifier, classifier.prepared(batch), classes)
    return [scaled(own.float().cpu().numpy(), scale) for own in resized(maps, batch["extent"])]
