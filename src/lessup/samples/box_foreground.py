"""Images with boxes as images with one class, the foreground: what a class-agnostic network for saliency learns from.

Seong Joon Oh, Rodrigo Benenson, Anna Khoreva, Zeynep Akata, Mario Fritz, Bernt Schiele, *Exploiting Saliency for Object
Segmentation from Image Level Labels*, 2017, <https://arxiv.org/abs/1701.08261>, section 5.2: boxes of classes that are
not to be segmented later become masks, so that the network serves classes of which no box was ever seen.
"""

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, RunError, UsageError
from lessup.samples import Damage
from lessup.samples.assembly import fingerprint
from lessup.samples.box_masks import FEWEST, box_masks, inside
from lessup.samples.cache import rooms
from lessup.samples.image_decoding import in_threads
from lessup.samples.images import Boxes, Images, Ragged
from lessup.samples.map_file import stored_maps

OBJECT = "object"
"""Name of the only class."""

NOT_COUNTED = 255

_VERSION = "box-foreground-1"
"""Part of every file's name; another number wherever the same boxes would give other masks."""


def box_foreground(images: Images, source: Path, *, without: Sequence[str] = ()) -> Images:
    """Return the images whose boxes say what stands out, with masks of it that GrabCut made.

    Masks are 1 where an object is and 0 elsewhere; difficult boxes, such as crowds, are not counted but where another
    object is. They are kept in the cache beside the source. Left out, and named in ``damage``, are images without a
    box, images that are a single box, and images that show a class of ``without``: such an object would be taken for
    background.

    Args:
        images: N images with boxes, of 8 bits.
        source: what they were read from.
        without: names of classes.

    Returns:
        at most N images of the one class ``object``, without labels, tags and boxes.

    Raises:
        DataError: there are no boxes, or no image is left; the masks can be kept nowhere.
        UsageError: ``without`` names a class that there is not.
        MissingExtraError: OpenCV is not installed.
    """
    if images.boxes is None:
        raise DataError(f"{source} has no boxes to make masks of: wanted COCO's JSON, PASCAL VOC or Tiny-ImageNet")
    shown = _shown(images, [_number(name, images.classes) for name in dict.fromkeys(without)])
    reasons = [_reason(images, index, shown) for index in range(len(images))]
    kept = np.array([index for index, reason in enumerate(reasons) if not reason], np.int64)
    if not len(kept):
        raise DataError(f"no box of {source} says what stands out: {images.id[0]}, say, {reasons[0]}")
    damage = [Damage(str(name), reason) for name, reason in zip(images.id, reasons, strict=True) if reason]
    left = images.take(kept)
    masks = _masks(left, source)
    bare = replace(left, label=np.full(len(left), -1), classes=(OBJECT,), tags=None, boxes=None, masks=None)
    return replace(bare.with_masks(masks), damage=(*images.damage, *damage))


def foreground_mask(pixels: NDArray[np.uint8], boxes: Boxes) -> NDArray[np.uint8]:
    """Return (H, W) uint8: 1 where GrabCut finds an object in a box, 255 in the rest of difficult boxes, 0 elsewhere.

    Args:
        pixels: (H, W, C), of which the first three channels are looked at, or the first as grey.
        boxes: of the image.
    """
    colours = pixels[..., :3] if pixels.shape[2] >= 3 else pixels[..., :1]
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[inside(boxes.corners[boxes.difficult], mask.shape).any(0)] = NOT_COUNTED
    mask[box_masks(colours, boxes.corners[~boxes.difficult]).any(0)] = 1
    return mask


def _number(name: str, classes: Sequence[str]) -> int:
    if name in classes:
        return classes.index(name)
    near = difflib.get_close_matches(name, classes, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(classes[:10])}"
    raise UsageError(f"the data has no class {name!r} to be left out: {hint}")


def _shown(images: Images, numbers: Sequence[int]) -> list[str]:
    """Return for each image which of some classes its boxes, tags or label name, or nothing."""
    has = np.zeros((len(images), len(images.classes)), bool)
    has[np.flatnonzero(images.label >= 0), images.label[images.label >= 0]] = True
    if images.tags is not None:
        has |= images.tags == 1
    for own, boxes in zip(has, images.boxes or (), strict=True):
        own[boxes.label] = True
    return [next((images.classes[number] for number in numbers if own[number]), "") for own in has]


def _reason(images: Images, index: int, shown: Sequence[str]) -> str:
    """Return why nothing can be learnt from an image; empty if something can."""
    assert images.boxes is not None
    boxes = images.boxes[index]
    if shown[index]:
        return f"shows {shown[index]!r}, which is left out"
    corners = boxes.corners[~boxes.difficult]
    if not len(corners):
        return "has no box"
    within = inside(corners, tuple(images.pixels.extent[index])).any(0)
    if not within.any():
        return "has no box within it"
    return "" if (~within).sum() >= FEWEST else "is all box: nothing of it is background"


def _masks(images: Images, source: Path) -> Ragged:
    """Return the masks of images with boxes, from the cache if they are there."""
    boxes = images.boxes
    assert boxes is not None
    name = f"{fingerprint(_VERSION, images.fingerprint, *images.id.tolist())}.foreground"

    def one(index: int) -> NDArray[np.uint8]:
        pixels = images.pixels[index]
        return foreground_mask((pixels if pixels.dtype == np.uint8 else pixels >> 8).astype(np.uint8), boxes[index])

    problem: RunError | None = None
    for room in rooms(source):
        try:
            return stored_maps(room / name, images.pixels.extent, lambda some: in_threads(one, some.tolist()))
        except RunError as error:
            problem = error
    raise DataError(f"{source}: nowhere to keep the masks of its boxes ({problem})")
