"""Label maps as files: PNG of class numbers that show as colours, their names, and pictures for the eye."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lessup.formats.image_file import reduced_mask
from lessup.masks.box_files import stored_size
from lessup.masks.file_names import below_common, stems
from lessup.masks.overlays import colour, enlarged, painted, photograph, times
from lessup.runs.files import write_whole
from lessup.samples.images import Images, Pixels

LEAST = 224
"""Pixels on the short side of a picture; those of smaller images are repeated."""

PALETTE = bytes(value for number in range(256) for value in (colour(number) if number else (0, 0, 0)))
"""Red, green and blue of every number."""


def write_masks(out: Path, images: Images, maps: Iterable[Pixels], *, overlays: bool = True) -> dict[str, Any]:
    """Write ``masks/``, ``overlays/`` and ``labels.txt``, and count the classes.

    ``masks/0001.png`` belongs to ``0001.jpg`` and has the size of that file; beside the images and a table of them, the
    folder is one that ``lessup train`` reads.

    Args:
        out: folder to write to; made if absent.
        images: N images.
        maps: N label maps (H, W) uint8 of the extents of the images, 0 background, 1 + class.
        overlays: whether pictures of image and mask are written.

    Returns:
        by name of the class, the background first: ``images`` that show it, and its ``share`` of all pixels.

    Raises:
        RunError: a file cannot be written.
    """
    names = ("background", *images.classes)
    write_whole(out / "labels.txt", ("\n".join(names) + "\n").encode())
    shown, share = np.zeros(len(names), np.int64), np.zeros(len(names))
    for index, (name, stored) in enumerate(zip(below_common(stems(images.id.tolist())), maps, strict=True)):
        labels = stored.astype(np.uint8, copy=False)
        height, width = stored_size(images, index).tolist()
        write_whole(out / "masks" / f"{name}.png", index_png(reduced_mask(labels, (height, width))))
        if overlays:
            write_whole(out / "overlays" / f"{name}.jpg", _picture(images, index, labels))
        count = np.bincount(labels.reshape(-1), minlength=len(names))
        shown += count > 0
        share += count / labels.size
    mean = share / max(len(images), 1)
    return {
        name: {"images": int(number), "share": round(float(part), 6)}
        for name, number, part in zip(names, shown, mean, strict=True)
    }


def index_png(labels: NDArray[np.uint8]) -> bytes:
    """Return a PNG whose pixels are (H, W) numbers and which viewers show in colours; the background is black."""
    picture, buffer = Image.fromarray(labels), io.BytesIO()
    picture.putpalette(PALETTE)
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _picture(images: Images, index: int, labels: NDArray[np.uint8]) -> bytes:
    number, buffer = times(labels.shape, LEAST), io.BytesIO()
    painting = painted(photograph(images.pixels[index]), labels.astype(np.int64))
    Image.fromarray(enlarged(painting, number)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
