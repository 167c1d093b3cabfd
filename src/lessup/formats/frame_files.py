"""Images that are the frames of a video: which belong together, in which order, and one of them decoded."""

import re
from collections import defaultdict
from collections.abc import Iterable
from posixpath import splitext

import numpy as np
from numpy.typing import NDArray

from lessup.formats import image_file
from lessup.formats.image_file import SUFFIXES


def frames_by_folder(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the images of each folder in the order of the numbers in their names.

    >>> frames_by_folder(["a/f10.png", "a/f9.png", "a/notes.txt"])
    {'a': ('a/f9.png', 'a/f10.png')}
    """
    clips: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if splitext(name)[1].lower() in SUFFIXES:
            clips[name.rpartition("/")[0]].append(name)
    return {folder: tuple(sorted(files, key=_in_order)) for folder, files in clips.items()}


def still(content: bytes, size: int, max_megapixels: int, channels: int) -> NDArray[np.uint8]:
    """Decode an image that is a frame of a clip.

    Args:
        content: of the file.
        size: pixels on the short side of a reduced one.
        max_megapixels: larger ones are refused.
        channels: 3 for RGB, 1 for grey.

    Returns:
        (H, W, C) uint8; of 16 bits, the upper 8.

    Raises:
        DataError: it cannot be used; the message is the reason alone.
    """
    pixels = image_file.decode(content, size=size, max_megapixels=max_megapixels).pixels
    shown = image_file.with_channels(pixels, channels)
    return (shown >> 8 if shown.dtype == np.uint16 else shown).astype(np.uint8, copy=False)


def _in_order(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key by which numbers within names count as such."""
    return tuple((int(part), "") if place % 2 else (-1, part) for place, part in enumerate(re.split(r"([0-9]+)", name)))
