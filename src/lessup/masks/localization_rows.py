"""What a classifier's maps say of images, and what stands beside them: boxes that do not look, maps of any class."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.masks.boxes import Scale, Way, box_mask, central_box, largest_box
from lessup.masks.image_maps import Crops, image_maps
from lessup.methods import Classifier
from lessup.samples import Batch
from lessup.samples.images import Images
from lessup.training.modes import batch_on

BATCH = 32
"""Images looked at at once."""

NAMED = 5
"""Classes that a network names of an image."""

MAPPED = ("chance_class", "random", "model")
"""Rows that draw their boxes on maps."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How boxes are drawn.

    Attributes:
        way: on maps.
        scale: of maps.
        crops: of which maps are made.
        thresholds: share of the maximum for the paper's way, by row of ``MAPPED``.
        sides: share of an image's sides, by row of central boxes.
        seed: of the classes that are drawn at random.
    """

    way: Way
    scale: Scale
    crops: Crops
    thresholds: Mapping[str, float]
    sides: Mapping[str, float]
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Answer:
    """What a row says of one image.

    Attributes:
        score_map: (H, W) in [0, 1] of the class that it was told.
        box: (1, 4) drawn on it, or (0, 4) where nothing speaks for the class.
        named: (n,) classes, the likeliest first.
    """

    score_map: NDArray[np.float32]
    box: NDArray[np.float64]
    named: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Look:
    """What a network makes of B images.

    Attributes:
        maps: B arrays (2, H, W) in [0, 1], of the image's own class and of one drawn at random.
        named: (B, n) classes, the likeliest first.
    """

    maps: list[NDArray[np.float32]]
    named: NDArray[np.int64]


def answers(model: Classifier, blank: Classifier, images: Images, drawing: Drawing) -> Iterator[dict[str, Answer]]:
    """Give what every row says of one labelled image after the other.

    Rows are ``whole_image``, those of ``drawing.sides`` and ``MAPPED``. ``chance_class`` shows the model's map of a
    class drawn at random in place of the image's own, and names none; which class depends on the image's name alone.

    Args:
        model: trained.
        blank: the same network with random weights, on the same device.
        images: all with a label.
        drawing: how boxes are drawn.

    Raises:
        DataError: the networks know another number of classes than the images.
    """
    for start in range(0, len(images), BATCH):
        some = np.arange(start, min(start + BATCH, len(images)))
        batch = batch_on(model.device, images, some)
        other = _drawn(images, some, drawing.seed)
        trained, untrained = (_look(network, batch, other, images, drawing) for network in (model, blank))
        for place in range(len(some)):
            (told, any_class), named = trained.maps[place], trained.named[place]
            mapped = {
                "chance_class": (any_class, named[:0]),
                "random": (untrained.maps[place][0], untrained.named[place]),
                "model": (told, named),
            }
            yield _blind(told, named, drawing.sides) | {
                row: Answer(own, largest_box(own, drawing.way, drawing.thresholds[row]), classes)
                for row, (own, classes) in mapped.items()
            }


def _drawn(images: Images, some: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    generators = (np.random.default_rng([seed, zlib.crc32(name.encode())]) for name in images.id[some].tolist())
    return np.array([own.integers(len(images.classes)) for own in generators])


def _look(network: Classifier, batch: Batch, other: NDArray[np.int64], images: Images, drawing: Drawing) -> Look:
    with torch.no_grad():
        scores = network.classify(batch)
    if scores.shape[1] != len(images.classes):
        raise DataError(
            f"the network knows {scores.shape[1]} classes, these images have {len(images.classes)}: "
            "name the classes as in the data that it was trained on"
        )
    classes = torch.stack([batch["label"], torch.from_numpy(other).to(scores.device)], 1)
    named = scores.topk(min(NAMED, scores.shape[1])).indices
    return Look(image_maps(network, batch, classes, scale=drawing.scale, crops=drawing.crops), named.cpu().numpy())


def _blind(told: NDArray[np.float32], named: NDArray[np.int64], sides: Mapping[str, float]) -> dict[str, Answer]:
    """Return the rows that do not look: a map that is 1 in one box, and the classes that the model names."""
    boxes = {row: central_box(told.shape, side) for row, side in {"whole_image": 1.0, **sides}.items()}
    return {row: Answer(box_mask(box[0], told.shape).astype(np.float32), box, named) for row, box in boxes.items()}
