"""Images whose classes are numbered as another set numbers them, such as the one that a network was trained on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.samples.images import Boxes, Images, Ragged


def numbered_as(images: Images, classes: Sequence[str]) -> Images:
    """Return the same images with labels, tags, boxes and masks by the numbers of other class names.

    A class that is not among them is forgotten: its label becomes -1, its boxes are left out, its pixels in masks are
    not counted. Tags of classes that the images do not know are -1.

    Args:
        images: with classes of their own.
        classes: (K,) names.

    Raises:
        DataError: not one of the images' classes is among them.
    """
    if images.classes == tuple(classes):
        return images
    number = {name: place for place, name in enumerate(classes)}
    new = np.array([number.get(name, -1) for name in images.classes], np.int64)
    if len(new) and (new < 0).all():
        raise DataError(
            f"not one of the classes {_some(images.classes)} is among those that the network knows, {_some(classes)}: "
            "name the classes alike"
        )
    return replace(
        images,
        label=_looked_up(new, images.label),
        classes=tuple(classes),
        superclasses=(),
        tags=None if images.tags is None else _tags(images.tags, new, len(classes)),
        boxes=None if images.boxes is None else tuple(_boxes(each, new) for each in images.boxes),
        masks=None if images.masks is None else _masks(images.masks, new),
    )


def _looked_up(new: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.append(new, -1)[label]  # an unknown label, -1, finds the last
    return found


def _tags(tags: NDArray[np.int8], new: NDArray[np.int64], num_classes: int) -> NDArray[np.int8]:
    found = np.full((len(tags), num_classes), -1, np.int8)
    found[:, new[new >= 0]] = tags[:, new >= 0]
    return found


def _boxes(boxes: Boxes, new: NDArray[np.int64]) -> Boxes:
    label = _looked_up(new, boxes.label)
    kept = label >= 0
    return Boxes(boxes.corners[kept], label[kept], boxes.difficult[kept])


def _masks(masks: Ragged, new: NDArray[np.int64]) -> Ragged:
    table = np.full(256, 255, np.uint8)
    table[0] = 0
    table[1 : len(new) + 1] = np.where(new >= 0, new + 1, 255)
    return replace(masks, flat=table[masks.flat])


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
