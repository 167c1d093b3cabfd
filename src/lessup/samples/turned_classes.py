"""Images turned by quarters as classes of their own, for drawings, which turned show something else."""

from dataclasses import replace
from typing import cast

import numpy as np

from lessup.samples.images import Images, Pixels, Ragged

TURNED = ("", " turned 90", " turned 180", " turned 270")
"""What is added to the name of a class, by quarter turns."""


def turned_classes(images: Images) -> Images:
    """Return every image four times, counterclockwise turned by quarters, each turn a class of its own.

    Args:
        images: N images of K classes, with labels alone; they are copied.

    Returns:
        4 N images of 4 K classes; turned classes are of turned super-classes. Boxes, masks and tags are left out.

    Source: Oriol Vinyals and others, *Matching Networks for One Shot Learning*, 2016, section 4.1.1.
    """
    numbers = range(len(TURNED))
    arrays = [_turned(images.pixels[n], turn) for turn in numbers for n in range(len(images))]
    known = images.label >= 0
    return replace(
        images,
        pixels=Ragged.of(arrays),
        id=np.concatenate([np.char.add(images.id, name) for name in TURNED]),
        label=np.concatenate([np.where(known, images.label + turn * len(images.classes), -1) for turn in numbers]),
        classes=tuple(f"{one}{name}" for name in TURNED for one in images.classes),
        superclasses=tuple(f"{one}{name}" for name in TURNED for one in images.superclasses),
        group=np.tile(images.group, len(TURNED)),
        official=np.tile(images.official, len(TURNED)),
        fingerprint=f"{images.fingerprint} turned",
        tags=None,
        boxes=None,
        masks=None,
        original=None,
        moments=None,
    )


def _turned(pixels: Pixels, turn: int) -> Pixels:
    """Return (H, W, C) or (W, H, C) pixels turned counterclockwise by so many quarters."""
    return cast(Pixels, np.ascontiguousarray(np.rot90(pixels, turn)))
