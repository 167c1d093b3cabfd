"""TIFF files that Pillow would narrow to 8 bits or three bands, or cannot read: every band and bit is kept.

The size of the first page, all bands counted, is checked before it is read, and so is what its strips unpack to:
``tifffile`` itself unpacks a strip whatever becomes of it.
"""

import io
import lzma
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.limits import check_pixels

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of a TIFF."""

_KNOWN = (0, 1, 2, 3)
"""Photometric interpretations whose bands are numbers to be kept: white is 0, black is 0, RGB, palette."""

_CMYK = 5

_ORIENTATION = 274

_DEFLATE, _LZMA = (8, 32946), 34925
"""Compressions without a bound on what comes out."""

_HARMLESS = 1 << 15
"""Packed strips of so many bytes are not looked into: deflate makes 33 MB of them at most."""


def read(content: bytes, max_megapixels: int) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], tuple[str, ...]] | None:
    """Return the first page as (H, W, C), upright, and what was changed; None for a TIFF that Pillow reads as it is.

    Args:
        content: the whole file.
        max_megapixels: larger ones are refused before they are decoded, see ``limits.check_pixels``.

    Raises:
        DataError: it is too large, or of another type; the message is the reason alone.
    """
    import tifffile

    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages.first
        samples = page.samplesperpixel
        deep_cmyk = page.photometric == _CMYK and samples == 4 and page.bitspersample == 16
        alpha = samples in (2, 4) and [extra in (1, 2) for extra in page.extrasamples] == [True]
        narrow = page.bitspersample <= 8 and (samples == 3 or alpha)
        if not deep_cmyk and (page.photometric not in _KNOWN or samples == 1 or narrow):
            return None
        check_pixels(page.imagewidth, page.imagelength, max_megapixels, bands=samples * page.imagedepth)
        if len(page.shape) != 3 or page.dtype not in (np.uint8, np.uint16):
            raise DataError(f"TIFF of {page.dtype} {page.shape}; wanted bands of 8 or 16 bits")
        if page.compression in (*_DEFLATE, _LZMA):
            for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
                if length > _HARMLESS:
                    _check_strip(content[offset : offset + length], page.compression, page.nbytes + _HARMLESS)
        pixels = page.asarray()
        if page.axes.startswith("S"):
            pixels = np.moveaxis(pixels, 0, -1)
        tag = page.tags.get(_ORIENTATION)
    upright: NDArray[Any] = np.ascontiguousarray(_upright(pixels, int(tag.value) if tag else 1))
    return (_from_cmyk(upright), ("CMYK converted to RGB",)) if deep_cmyk else (upright, ())


def _check_strip(strip: bytes, compression: int, most: int) -> None:
    """Refuse a strip or tile that unpacks to more bytes than the page has."""
    unpack = lzma.LZMADecompressor() if compression == _LZMA else zlib.decompressobj()
    if len(unpack.decompress(strip, most + 1)) > most:
        raise DataError("damaged: a strip unpacks to more than the image has")


def _upright(pixels: NDArray[Any], turn: int) -> NDArray[Any]:
    """Turn (H, W, C) pixels as the tag of orientation says; 1 is upright."""
    if turn in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels[:, ::-1] if turn in (2, 3, 6, 7) else pixels


def _from_cmyk(inks: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return (H, W, 3) of 16 bits: what neither an ink nor black takes away, as Pillow does with 8 bits."""
    left = 65535 - inks.astype(np.uint32)
    return ((left[..., :3] * left[..., 3:] + 32767) // 65535).astype(np.uint16)
