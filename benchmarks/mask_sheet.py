"""A contact sheet of label maps: a line an image, a column a way to label it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH = 108
"""Pixels of a picture on it."""

LARGEST = 2_000_000
"""Bytes of the file."""


def write(path: Path, lines: Sequence[Sequence[NDArray[np.uint8]]], *, largest: int = LARGEST) -> None:
    """Write a PNG of as many colours, 256 or a half again and again, as keep it small enough.

    Args:
        path: the file.
        lines: pictures (H, W, 3) of each line, all of one size within it.
        largest: bytes.
    """
    drawn = []
    for line in lines:
        height, width = line[0].shape[:2]
        size = WIDTH, max(round(WIDTH * height / width), 1)
        drawn.append(np.hstack([np.asarray(Image.fromarray(picture).resize(size)) for picture in line]))
    sheet = Image.fromarray(np.vstack(drawn))
    for colours in (256, 128, 64, 32, 16):
        sheet.quantize(colours).save(path, optimize=True)
        if path.stat().st_size <= largest:
            return
    assert path.stat().st_size <= largest, f"{len(lines)} lines do not fit into {largest} bytes"
