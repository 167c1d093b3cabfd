"""Pixels as pictures inside the page."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}
"""What PNG calls grey, grey with opacity, colour, and colour with opacity; by number of channels."""


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Encode (H, W, C) uint8 as PNG and return it as an address that holds its content.

    Args:
        pixels: grey, grey and opacity, colour, or colour and opacity, by C from 1 to 4.
    """
    return "data:image/png;base64," + base64.b64encode(encoded(pixels)).decode()


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, C) uint8 as the content of a PNG file; see ``data_uri``."""
    height, width, channels = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], 1)  # no filter on any line
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPE[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
