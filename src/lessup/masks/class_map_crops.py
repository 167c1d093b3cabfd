"""Features of what a class map lights up: the likeliest class's box is cut out of each image and encoded by itself.

Source: Bolei Zhou, Aditya Khosla, Agata Lapedriza, Aude Oliva, Antonio Torralba, *Learning Deep Features for
Discriminative Localization*, 2016, <https://arxiv.org/abs/1512.04150>, section 4.1.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.masks.boxes import SHARE, Scale, central_box, paper_boxes
from lessup.masks.image_maps import image_maps
from lessup.methods import Classifier, ImageEncoder
from lessup.samples.images import Images
from lessup.training.modes import batch_on
from lessup.transforms.crops import crop_resize

BATCH = 64
"""Images looked at at once."""


def class_boxes(
    classifier: Classifier,
    images: Images,
    classes: NDArray[np.int64],
    *,
    share: float = SHARE,
    scale: Scale = "maximum",
) -> NDArray[np.float64]:
    """Return the box around the largest part of one class's map in each image.

    Args:
        classifier: in ``eval`` mode.
        images: N images.
        classes: (N,) those asked.
        share: of the maximum of a map, above which it is the object.
        scale: what 0 is, see ``boxes.scaled``.

    Returns:
        (N, 4) left, top, right, bottom in whole pixels; the whole image where nothing speaks for the class.
    """
    corners = np.empty((len(images), 4))
    for start in range(0, len(images), BATCH):
        some = np.arange(start, min(start + BATCH, len(images)))
        asked = torch.from_numpy(classes[some]).to(classifier.device)[:, None]
        maps = image_maps(classifier, batch_on(classifier.device, images, some), asked, scale=scale)
        for index, (own,) in zip(some, maps, strict=True):
            corners[index] = np.concatenate([paper_boxes(own, share), central_box(own.shape, 1.0)])[0]
    return corners


def encode_boxes(
    method: ImageEncoder, images: Images, corners: NDArray[np.float64], layer: str | None = None
) -> NDArray[np.float32]:
    """Encode one box of each image as if nothing else had been photographed.

    Args:
        method: in ``eval`` mode.
        images: N images.
        corners: (N, 4) left, top, right, bottom in pixels, within the images.
        layer: name of a layer; the method's default if not given.

    Returns:
        (N, D) float32.

    Raises:
        UsageError: there is no such layer.
    """
    side, encoded = method.backbone.side, []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            some = np.arange(start, min(start + BATCH, len(images)))
            batch = batch_on(method.device, images, some)
            box = torch.from_numpy(corners[some]).to(batch["image"])
            cut = {
                "image": crop_resize(batch["image"], box, (side, side)),
                "extent": torch.full_like(batch["extent"], side),
            }
            encoded.append(method.encode(cut, layer).float().cpu().numpy())
    return np.concatenate(encoded)
