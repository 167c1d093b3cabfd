"""From a decoded frame of a video to pixels: upright, square, of working size."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.formats.image_file import reduced_extent

_PLAIN = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray", "rgb24", "bgr24", "nv12")
"""Formats of pixels that become an array as they are; others go through RGB."""

_SQUARE = 0.01
"""Pixels that are no more than so much wider or higher than square count as square: their ratio was rounded."""

_ONE = 1 << 16
"""1 in a display matrix."""


@dataclass(frozen=True)
class Turn:
    """How a frame is to be turned to be upright.

    Attributes:
        swap: whether rows become columns.
        mirror_x: whether left and right change places, after that.
        mirror_y: whether top and bottom change places, after that.
        note: what is wrong if the file asks for something else; it is shown as stored then.
    """

    swap: bool = False
    mirror_x: bool = False
    mirror_y: bool = False
    note: str = ""

    @property
    def is_turned(self) -> bool:
        """Whether there is anything to do."""
        return self.swap or self.mirror_x or self.mirror_y

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn (H, W, C) pixels.

        >>> Turn(swap=True, mirror_x=True)(np.array([[[1], [2]]], np.uint8)).tolist()
        [[[1]], [[2]]]
        """
        turned = pixels.swapaxes(0, 1) if self.swap else pixels
        rows, columns = (slice(None, None, -1 if mirror else 1) for mirror in (self.mirror_y, self.mirror_x))
        return np.ascontiguousarray(turned[rows, columns])


def turn(frame: Any) -> Turn:
    """Read the display matrix of a frame: a point (x, y) of it is shown at (a x + c y, b x + d y)."""
    found = next((each for each in frame.side_data if each.type.name == "DISPLAYMATRIX"), None)
    if found is None:
        return Turn()
    a, b, _, c, d = np.frombuffer(bytes(found), np.int32)[:5].tolist()
    straight, crosswise = abs(a) == abs(d) == _ONE, abs(b) == abs(c) == _ONE
    if straight and not b and not c:
        return Turn(mirror_x=a < 0, mirror_y=d < 0)
    if crosswise and not a and not d:
        return Turn(swap=True, mirror_x=c < 0, mirror_y=b < 0)
    return Turn(note="to be turned by other than quarters: shown as stored")


def shown_extent(frame: Any, aspect: Fraction | None) -> tuple[int, int]:
    """Return height and width of a frame upright and with square pixels.

    Args:
        frame: of PyAV.
        aspect: width by height of a pixel as stored; None or 0 if not known.
    """
    width = frame.width
    if aspect and abs(float(aspect) - 1) > _SQUARE:
        width = max(round(width * float(aspect)), 1)
    return (width, frame.height) if turn(frame).swap else (frame.height, width)


def pixels(frame: Any, extent: tuple[int, int], *, size: int, channels: int) -> NDArray[np.uint8]:
    """Return a frame as it is shown.

    Args:
        frame: of PyAV.
        extent: height and width as shown.
        size: pixels on the short side of a reduced frame; smaller ones stay as they are.
        channels: 3 for RGB, 1 for grey.

    Returns:
        (H, W, C) uint8.
    """
    height, width = reduced_extent(extent, size)
    facing = turn(frame)
    across, down = (height, width) if facing.swap else (width, height)
    kind = "rgb24" if channels == 3 else "gray"
    array = frame.reformat(across, down, kind, interpolation="BICUBIC").to_ndarray()
    return facing(array.reshape(down, across, channels))


def stored_digest(frame: Any) -> bytes:
    """Return 8 bytes that stand for the pixels of a frame as they are decoded."""
    array = frame.to_ndarray() if frame.format.name in _PLAIN else frame.reformat(format="rgb24").to_ndarray()
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=8).digest()
