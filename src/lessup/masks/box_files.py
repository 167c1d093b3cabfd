"""Boxes that were found, as a table and as COCO's JSON."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.samples.images import Images

COLUMNS = ("image", "class", "score", "left", "top", "right", "bottom", "map", "overlay")
"""Of the table."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """One class looked for in one image.

    Attributes:
        image: number of the image.
        label: class.
        score: of the class, before any softmax.
        corners: left, top, right, bottom in pixels of the image as it is stored; None where nothing speaks for it.
        map: file of the map, relative to the folder; empty if not written.
        overlay: file of the picture.
    """

    image: int
    label: int
    score: float
    corners: tuple[float, float, float, float] | None
    map: str
    overlay: str


def boxes_csv(located: Sequence[Located], images: Images) -> str:
    """Return a table of ``COLUMNS``, a line a box.

    Args:
        located: numbers of ``images`` and of its classes.
        images: whose names are written.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in located:
        if one.corners is not None:
            name, label = images.id[one.image], images.classes[one.label]
            writer.writerow([name, label, round(one.score, 4), *one.corners, one.map, one.overlay])
    return buffer.getvalue()


def coco_instances(located: Sequence[Located], images: Images) -> dict[str, Any]:
    """Return what COCO calls instances: ``images``, ``annotations`` with a ``score``, and ``categories``.

    Args:
        located: numbers of ``images`` and of its classes.
        images: whose names and sizes are written.
    """
    sizes = {index: stored_size(images, index).tolist() for index in dict.fromkeys(one.image for one in located)}
    boxed = [(one, one.corners) for one in located if one.corners is not None]
    return {
        "images": [
            {"id": index, "file_name": str(images.id[index]), "width": width, "height": height}
            for index, (height, width) in sizes.items()
        ],
        "annotations": [
            {
                "id": number,
                "image_id": one.image,
                "category_id": one.label,
                "bbox": [left, top, round(right - left, 2), round(bottom - top, 2)],
                "area": round((right - left) * (bottom - top), 2),
                "iscrowd": 0,
                "segmentation": [],
                "score": round(one.score, 4),
            }
            for number, (one, (left, top, right, bottom)) in enumerate(boxed, 1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(images.classes)],
    }


def stored_size(images: Images, index: int) -> NDArray[np.int64]:
    """Return (2,) height and width of an image's file, or of the decoded image where that is not known."""
    size: NDArray[np.int64] = (images.pixels.extent if images.original is None else images.original)[index]
    return size
