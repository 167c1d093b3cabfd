"""From files and what is known of them to ``Images``: what every source of image files ends in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree
from lessup.samples import Damage, Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.image_cache import Decodings, decodings
from lessup.samples.image_decoding import Drawing, ImageFile
from lessup.samples.images import Boxes, Images

_BOX_ARRAYS = ("corners", "label", "difficult")


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One image of a source and what is known of it.

    Attributes:
        name: the file within its tree.
        id: unique and stable name; ``name`` if empty.
        label: class, or -1 where not known.
        group: equal for images that a split must keep together; ``id`` if empty.
        official: ``train``, ``test`` or empty.
        tags: (K,) int8, 1 where a class is in the image, 0 where not, -1 where it is not to be counted; None where the
            source has no tags.
        boxes: its objects in pixels of the image as stored in the file and shown upright, before it is reduced; None
            for all images where the source has no boxes (an image without objects in one that has them gets M = 0).
        mask: a file within the tree (numbers: 0 background, 1 + class, 255 not to be counted), or what draws it; empty
            if the image has none: then no pixel of it counts.
    """

    name: str
    id: str = ""
    label: int = -1
    group: str = ""
    official: str = ""
    tags: NDArray[np.int8] | None = None
    boxes: Boxes | None = None
    mask: str | Drawing = ""


def build_images(
    tree: FileTree,
    entries: Sequence[Entry],
    reading: Reading,
    *,
    classes: Sequence[str],
    damage: Sequence[Damage] = (),
    superclasses: Sequence[str] = (),
) -> Images:
    """Decode the images of all entries, once and for all later runs, and put them together with what is known of them.

    Files that cannot be used, or are not there, are left out and named in ``damage``; those that were changed on
    the way (CMYK, grey among colour ones) are used and named. Boxes and masks are reduced with their images.

    Args:
        tree: holds the files.
        entries: N >= 1 images, in the order that the samples shall have.
        reading: ``size``, ``colour`` and ``max_megapixels``.
        classes: (K,) names, what labels, tags and boxes count from 0 and masks from 1.
        damage: what the source itself left out or found doubtful.
        superclasses: (K,) name of the super-class of every class, or none.

    Raises:
        DataError: there are no entries, two have the same ``id``, a label is no class, or none can be used.
    """
    _check(tree, entries, len(classes))
    made = decodings(tree, [ImageFile(entry.name, entry.mask) for entry in entries], reading)
    kept = np.flatnonzero(made.usable)
    chosen = [entries[index] for index in kept.tolist()]
    ids = np.array([entry.id or entry.name for entry in chosen], np.str_)
    images = Images(
        pixels=made.pixels.take(kept),
        id=ids,
        label=np.array([entry.label for entry in chosen], np.int64),
        classes=tuple(classes),
        group=_numbers([entry.group or entry.id or entry.name for entry in chosen]),
        official=np.array([entry.official for entry in chosen], np.str_),
        fingerprint="",
        damage=(*damage, *_damage(entries, made)),
        tags=_tags(chosen),
        boxes=_boxes(chosen, made, kept),
        masks=None if made.masks is None else made.masks.take(kept),
        original=made.original[kept],
        superclasses=tuple(superclasses),
    )
    return replace(images, fingerprint=_fingerprint(images, made.key))


def _check(tree: FileTree, entries: Sequence[Entry], num_classes: int) -> None:
    if not entries:
        raise DataError(f"no images in {tree.path}")
    id, times = Counter(entry.id or entry.name for entry in entries).most_common(1)[0]
    if times > 1:
        raise DataError(f"{tree.path}: {times} images are called {id!r}: names must be unique")
    wrong = [entry for entry in entries if not -1 <= entry.label < num_classes]
    if wrong:
        raise DataError(f"{tree.path}: label {wrong[0].label} of {wrong[0].name} is outside the {num_classes} classes")


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _damage(entries: Sequence[Entry], made: Decodings) -> list[Damage]:
    told = np.flatnonzero(made.reason != "").tolist()
    return [Damage(entries[i].name, str(made.reason[i]), skipped=not made.usable[i]) for i in told]


def _tags(entries: Sequence[Entry]) -> NDArray[np.int8] | None:
    tags = [entry.tags for entry in entries if entry.tags is not None]
    return np.stack(tags) if tags else None


def _boxes(entries: Sequence[Entry], made: Decodings, kept: NDArray[np.int64]) -> tuple[Boxes, ...] | None:
    """Return boxes in pixels of the reduced images; all are scaled at once, for there may be very many images."""
    boxes = [entry.boxes for entry in entries if entry.boxes is not None]
    if not boxes:
        return None
    assert len(boxes) == len(entries), "a source gives boxes for all of its images or for none"
    counts = [len(each.label) for each in boxes]
    scale = np.repeat(made.pixels.extent[kept] / made.original[kept], counts, axis=0)  # (all objects, 2): height, width
    corners = (np.concatenate([each.corners for each in boxes]) * scale[:, [1, 0, 1, 0]]).astype(np.float32)
    parts = np.split(corners, np.cumsum(counts)[:-1])
    return tuple(Boxes(part, each.label, each.difficult) for part, each in zip(parts, boxes, strict=True))


def _fingerprint(images: Images, key: str) -> str:
    parts: list[str | NDArray[Any]] = [key, *images.classes, "\n".join(images.id), "\n".join(images.official)]
    parts += [images.label, images.group]
    if images.tags is not None:
        parts.append(images.tags)
    if images.boxes:
        parts += [np.array([len(boxes.label) for boxes in images.boxes])]
        parts += [np.concatenate([getattr(boxes, key) for boxes in images.boxes]) for key in _BOX_ARRAYS]
    return fingerprint(*parts)
