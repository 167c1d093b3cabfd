"""Which objects lie where a detector of a scene looks: those that tell the scene, and those that are merely there.

Source: Zhou et al., *Learning Deep Features for Discriminative Localization*, 2016, section 4.2 and figure 9: the
objects that most frequently overlap the regions of high activation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.masks.boxes import scaled
from lessup.masks.class_maps import class_activation_maps, resized
from lessup.methods import Classifier
from lessup.samples.images import Images
from lessup.training.modes import batch_on

CELLS = 64
"""Along each side of a picture, whatever its size, in which maps and objects are compared."""

HIGH = 0.5
"""Of a map's maximum; what lies above it is where the detector looks."""

INSIDE = 0.5
"""Share of an object's cells from which on it lies there."""

FEWEST = 2
"""Images, so that there is another one to compare with."""

BATCH = 32
"""Images looked at at once."""

Objects = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""(m,) classes in an image, and the (m, G, G) cells of each."""


@dataclass(frozen=True)
class Informative:
    """How often objects of a class lie where a detector looks.

    Attributes:
        label: class of the objects.
        images: that have one.
        appears: share of all images that have one.
        under: share of all images in which they lie under the map.
        by_chance: the same with the maps of the other images in place of their own.
    """

    label: int
    images: int
    appears: float
    under: float
    by_chance: float

    @property
    def gain(self) -> float:
        """How much more often they lie under their own image's map than under another's."""
        return self.under - self.by_chance


def informative_objects(high: NDArray[np.bool_], objects: Sequence[Objects]) -> list[Informative]:
    """Count over N images which classes lie where a detector looks, the largest gain over chance first.

    Args:
        high: (N, G, G), where it looks.
        objects: of each image.

    Raises:
        DataError: there are fewer than two images, and so no other to compare with.

    >>> looks = np.array([[[True, False]], [[False, True]]])
    >>> found = informative_objects(looks, [(np.array([3]), looks[:1]), (np.array([3]), looks[1:])])
    >>> found[0].under, found[0].by_chance
    (1.0, 0.0)
    """
    num = len(high)
    if num < FEWEST:
        raise DataError(f"{num} images are recognised as such: objects are compared over two or more")
    looks = high.reshape(num, -1).T.astype(np.float32)  # (G G, N)
    appears, under, by_chance = np.zeros((3, 1 + max((int(own.max(initial=0)) for own, _ in objects), default=0)))
    for index, (label, cells) in enumerate(objects):
        flat = cells.reshape(len(cells), len(looks))
        lies = flat.astype(np.float32) @ looks >= INSIDE * flat.sum(1, keepdims=True)  # (m, N)
        appears[label] += 1
        under[label] += lies[:, index]
        by_chance[label] += (lies.sum(1) - lies[:, index]) / (num - 1)
    found = [
        Informative(label, int(appears[label]), *(float(each[label]) / num for each in (appears, under, by_chance)))
        for label in np.flatnonzero(appears).tolist()
    ]
    return sorted(found, key=lambda one: -one.gain)


def looked_at(network: Classifier, images: Images, label: int) -> NDArray[np.bool_]:
    """Return (N, G, G), where the map of a class is above ``HIGH`` of its maximum in whole images.

    Args:
        network: in ``eval`` mode, on its device; it ends in pooling.
        images: N images.
        label: the class.
    """
    found = np.zeros((len(images), CELLS, CELLS), bool)
    for start in range(0, len(images), BATCH):
        some = np.arange(start, min(start + BATCH, len(images)))
        batch = batch_on(network.device, images, some)
        asked = torch.full((len(some), 1), label, device=network.device)
        maps = class_activation_maps(network, network.prepared(batch), asked)
        cells = torch.stack(resized(maps, torch.full((len(some), 2), CELLS)))[:, 0]
        found[some] = scaled(cells.float().cpu().numpy(), "maximum") > HIGH
    return found


def objects_of(images: Images, index: int) -> Objects:
    """Return the cells that each class of objects touches in an image: by its mask, or boxes where none is drawn.

    Raises:
        DataError: the images have neither.
    """
    height, width = images.pixels.extent[index].tolist()
    parts: list[tuple[int, NDArray[np.int64], NDArray[np.int64]]] = []
    if images.masks is None and images.boxes is None:
        raise DataError("the images have neither boxes nor masks of objects: leave out --objects")
    if images.masks is not None:
        mask = images.masks[index][..., 0]
        for number in np.unique(mask[(mask > 0) & (mask < 255)]).tolist():
            rows, columns = np.nonzero(mask == number)
            parts.append((number - 1, rows * CELLS // height, columns * CELLS // width))
    if not parts and images.boxes is not None:  # COCO's JSON may have boxes without polygons
        own = images.boxes[index]
        cells = own.corners * (CELLS / np.array([width, height, width, height]))
        low, high = np.floor(cells[:, :2]).clip(0), np.ceil(cells[:, 2:]).clip(max=CELLS)
        for label, first, end in zip(own.label.tolist(), low.astype(int), high.astype(int), strict=True):
            rows, columns = (places.reshape(-1) for places in np.mgrid[first[1] : end[1], first[0] : end[0]])
            parts.append((label, rows, columns))
    labels = np.unique(np.array([label for label, _, _ in parts], np.int64))
    touched = np.zeros((len(labels), CELLS, CELLS), bool)
    for label, rows, columns in parts:
        touched[np.searchsorted(labels, label), rows, columns] = True
    kept = touched.any((1, 2))
    return labels[kept], touched[kept]
