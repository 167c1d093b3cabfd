"""Photographs for the eye, with a map, masks or boxes drawn over them."""

import colorsys

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lessup.samples.images import Pixels

Colour = tuple[int, int, int]

FOUND: Colour = (255, 60, 40)
"""Of boxes that were found."""

TRUE: Colour = (60, 220, 90)
"""Of boxes that were annotated."""

OPACITY = 0.6
"""Of the heat where a map is 1; it falls with the map."""

PAINT = 0.65
"""Of a class's colour over its pixels."""

_NOT_COUNTED = 255
"""Grey value of pixels that are not counted."""

_HEAT = np.array([[40, 60, 200], [40, 200, 220], [250, 230, 60], [230, 40, 30]], np.float64)
"""Colours of the map at 0, 1/3, 2/3 and 1."""


def photograph(pixels: Pixels, *, least: int = 0) -> NDArray[np.uint8]:
    """Return (H, W, 3) colours of (H, W, C) pixels of 8 or 16 bits: the first three channels, or the first as grey.

    Args:
        pixels: an image.
        least: pixels of a smaller one are repeated until its short side has so many.

    >>> photograph(np.full((2, 3, 1), 65535, np.uint16), least=4).shape
    (4, 6, 3)
    """
    bytes_ = pixels if pixels.dtype == np.uint8 else pixels >> 8
    shown = bytes_[..., :3] if pixels.shape[2] >= 3 else bytes_[..., :1].repeat(3, 2)
    return enlarged(shown.astype(np.uint8), times(pixels.shape[:2], least))


def times(extent: tuple[int, ...], least: int) -> int:
    """Return how often pixels are repeated along each side, so that the short one has ``least``.

    >>> times((48, 64), 100)
    3
    """
    return max(-(-least // min(extent)), 1)


def enlarged(pixels: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Repeat every pixel of (H, W, ...) along both sides."""
    return pixels.repeat(number, 0).repeat(number, 1)


def heated(photo: NDArray[np.uint8], score_map: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Lay a map over a photograph, from blue to red, the stronger the more opaque.

    Args:
        photo: (H, W, 3).
        score_map: (H, W) in [0, 1].

    Returns:
        (H, W, 3); where the map is 0 the photograph stays as it is.
    """
    stops = np.linspace(0, 1, len(_HEAT))
    colour = np.stack([np.interp(score_map, stops, channel) for channel in _HEAT.T], axis=-1)
    opacity = OPACITY * score_map[..., None].astype(np.float64)
    blended: NDArray[np.uint8] = ((1 - opacity) * photo + opacity * colour).round().astype(np.uint8)
    return blended


def outlined(
    photo: NDArray[np.uint8], corners: NDArray[np.floating], colour: Colour = FOUND, *, width: int = 1
) -> NDArray[np.uint8]:
    """Draw boxes on a copy of a photograph.

    Args:
        photo: (H, W, 3).
        corners: (M, 4) left, top, right, bottom in pixels of the photograph; right and bottom are outside. The line
            lies within the box.
        colour: red, green, blue.
        width: of the line in pixels.
    """
    picture = Image.fromarray(np.ascontiguousarray(photo))
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom in corners.round().astype(np.int64).tolist():
        if right > left and bottom > top:
            pen.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=width)
    return np.asarray(picture)


def colour(number: int) -> Colour:
    """Return the colour of a class, 1 or more; those of neighbouring numbers lie far apart on the wheel."""
    bright = 1.0 if number % 2 else 0.75
    red, green, blue = colorsys.hsv_to_rgb(number * 0.618 % 1, 0.8, bright)
    return round(255 * red), round(255 * green), round(255 * blue)


def painted(photograph: NDArray[np.uint8], mask: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return (H, W, 3) pixels under the colours of (H, W) classes; the background, 0, stays as it is."""
    values = photograph.astype(np.float64)
    for number in np.unique(mask[mask > 0]).tolist():
        of_class = mask == number
        values[of_class] = (1 - PAINT) * values[of_class] + PAINT * np.array(colour(number))
    values[mask < 0] = _NOT_COUNTED
    return values.round().astype(np.uint8)
