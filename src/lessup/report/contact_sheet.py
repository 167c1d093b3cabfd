"""One picture of many: rows of tiles of one size, each with a caption."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

SIDE = 160
"""Pixels that a tile has on its long side."""

GAP = 8
"""Pixels between tiles."""

LINE = 15
"""Pixels from one line of a caption to the next."""

_TEXT = 12
"""Height of letters in pixels."""

_INK, _PAPER = (40, 40, 40), (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture with what is said of it.

    Attributes:
        pixels: (H, W, 3) uint8.
        caption: lines below it; a long one loses its beginning, for names differ at the end.
    """

    pixels: NDArray[np.uint8]
    caption: tuple[str, ...] = ()


def contact_sheet(rows: Sequence[Sequence[Tile]]) -> NDArray[np.uint8]:
    """Lay rows of pictures out, the first of each apart from the others by a line.

    Pictures are enlarged by repeating pixels, or reduced to means of pixels, until they just fit a square.

    Args:
        rows: at least one, of at least one tile.

    Returns:
        (H, W, 3) uint8 on white.
    """
    lines = max(len(tile.caption) for row in rows for tile in row)
    high, wide = SIDE + lines * LINE + 2 * GAP, SIDE + GAP
    sheet = Image.new("RGB", (2 * GAP + wide * max(map(len, rows)), high * len(rows)), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
    for number, row in enumerate(rows):
        top = number * high + GAP
        pen.line([(wide + GAP, top), (wide + GAP, top + SIDE - 1)], _INK)
        for place, tile in enumerate(row):
            left = GAP + place * wide + (GAP if place else 0)
            picture = ImageOps.contain(Image.fromarray(tile.pixels), (SIDE, SIDE), Image.Resampling.BOX)
            sheet.paste(picture, (left + (SIDE - picture.width) // 2, top + (SIDE - picture.height) // 2))
            for line, words in enumerate(tile.caption):
                pen.text((left, top + SIDE + 2 + line * LINE), _shortened(words, font), _INK, font)
    return np.asarray(sheet)


def _shortened(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return the end of some words that is as wide as a tile at most."""
    for start in range(len(words)):
        shown = words if start == 0 else "..." + words[start:]
        if font.getlength(shown) <= SIDE:
            return shown
    return words
