"""One image file from bytes to an array, reduced to working size, with the reason in few words where it cannot be used.

Nothing is converted in silence: what was changed on the way is returned beside the pixels.

============================  ======================================================================================
stored as                     becomes
============================  ======================================================================================
grey, 8 or 16 bit; 1 bit      1 channel of 8 or 16 bits; 1 bit becomes 0 and 255
RGB, 8 or 16 bit              3 channels; other colour spaces (CMYK, YCbCr, Lab, HSV) are converted, and noted
palette                       its colours, or 1 channel where all of them are grey
with an alpha channel         laid over white, and noted; a channel that is opaque everywhere is left out
TIFF of other bands           as many channels as bands, 8 or 16 bit
turned by its EXIF tag        upright, TIFF of any bands too
several frames or pages       the first, and noted
============================  ======================================================================================

Pillow gives 8 bits for colour in JPEG 2000 and AVIF files, whatever they hold.
"""

import io
import lzma
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from lessup.errors import DataError
from lessup.formats import tiff_bands
from lessup.formats.limits import check_pixels

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".pgm", ".ppm", ".pbm", ".pnm", ".jp2", ".avif"),
)
"""Endings of the files that are taken for images."""

LONGEST = 4
"""The long side of a reduced image is at most this many times the short side asked for."""

_WHITE = "transparent parts became white"

_PNG = b"\x89PNG"

_GAP = rb"(?:\s|#[^\n\r]*[\n\r])+"
_PPM = re.compile(rb"P([36])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})\s")
"""Head of a colour PPM: plain or binary, width, height and the value of white."""

_ORIENTATION = 0x0112
"""EXIF tag of how the image was held; from 5 on its sides are exchanged."""

_BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, KeyError, TypeError),
    *(OverflowError, AttributeError, MemoryError, Image.DecompressionBombError, lzma.LZMAError, ZeroDivisionError),
)
"""What Pillow and tifffile raise on damaged bytes."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """One image, ready to be stored.

    Attributes:
        pixels: (H, W, C) uint8 or uint16.
        original: height and width as shown, before it was reduced.
        notes: what was changed, in a few words each.
    """

    pixels: Pixels
    original: tuple[int, int]
    notes: tuple[str, ...] = ()


@contextmanager
def decoding() -> Iterator[None]:
    """Have ``max_megapixels`` take the place of Pillow's own limit and its warnings of damaged metadata.

    Both are global to the process, so this is entered once around all threads that decode.
    """
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def decode(content: bytes, *, size: int, max_megapixels: int) -> Decoded:
    """Decode an image and reduce it with an antialiasing filter; smaller ones stay as they are.

    Args:
        content: the whole file.
        size: pixels on the short side of a reduced image.
        max_megapixels: larger images are refused before they are decoded.

    Raises:
        DataError: it cannot be used; the message is the reason alone, in a few words.
    """
    with _reasons(content):
        if content.startswith(tiff_bands.STARTS):
            bands = tiff_bands.read(content, max_megapixels)
            if bands is not None:
                return _of_pixels(bands[0], size, bands[1])
        if (deep := _deep_ppm(content, max_megapixels)) is not None:
            return _of_pixels(deep, size)
        image = _opened(content, max_megapixels)
        if content[:4] == _PNG and content[24:26] in (b"\x10\x02", b"\x10\x06"):  # 16 bits; RGB and RGBA
            return _deep_png(content, size)
        is_animated = image.format != "MPO" and getattr(
            image, "is_animated", False
        )  # MPO: a photograph and its previews
        notes = ["first of several frames"] if is_animated else []
        if content[:4] == _PNG and content[24:26] == b"\x10\x04":
            notes.append("16-bit grey with alpha narrowed to 8 bits")
        return _of_image(image, size, notes)


def plain(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Bring an image that Pillow has opened to one of the modes L, I;16 and RGB, and say what was changed.

    Raises:
        DataError: its pixels have 32 bits; the message is the reason alone.
    """
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return image, ()
    if mode == "1":
        return image.convert("L"), ()
    if mode.startswith("I") or mode == "F":
        return _deep(image), ()
    if image.has_transparency_data:
        return _on_white(image)
    if mode == "P":
        colours = image.convert("RGB")
        return (colours.getchannel(0) if _is_grey(colours) else colours), ()
    if mode in ("L", "RGB"):
        return image, ()
    return image.convert("RGB"), (f"{mode} converted to RGB",)


def decode_mask(content: bytes, *, max_megapixels: int) -> NDArray[np.uint8]:
    """Decode a mask as (H, W) uint8 of the numbers stored: indices of a palette, not its colours; full size.

    Raises:
        DataError: it cannot be used, or holds something other than numbers below 256; the message is the reason alone.
    """
    with _reasons(content):
        image = _opened(content, max_megapixels)
        if image.mode == "1":
            return np.asarray(image).astype(np.uint8)
        stored = np.asarray(image)
        if stored.ndim != 2 or stored.min() < 0 or stored.max() > 255:
            raise DataError(f"a mask of mode {image.mode}; wanted a palette or one grey channel of class numbers")
        return stored.astype(np.uint8)


def reduced(pixels: Pixels, size: int) -> Pixels:
    """Reduce (H, W, C) pixels of any C to ``size`` on the short side; smaller ones stay as they are."""
    height, width = pixels.shape[:2]
    extent = reduced_extent((height, width), size)
    if extent == (height, width):
        return pixels
    largest = np.iinfo(pixels.dtype).max
    channels = [
        np.asarray(Image.fromarray(pixels[..., c].astype(np.float32)).resize(extent[::-1], Image.Resampling.BICUBIC))
        for c in range(pixels.shape[2])
    ]
    return _of_type(np.stack(channels, axis=-1).round().clip(0, largest), pixels)


def reduced_mask(mask: NDArray[np.uint8], extent: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring a mask to (H, W) without mixing numbers: each pixel takes the number at its centre."""
    if mask.shape == extent:
        return mask
    return np.asarray(Image.fromarray(mask).resize(extent[::-1], Image.Resampling.NEAREST))


def with_channels(pixels: Pixels, channels: int) -> Pixels:
    """Turn grey (H, W, 1) into colour or colour (H, W, 3) into grey; the same number of channels stays as it is.

    Raises:
        DataError: it has another number of channels; the message is the reason alone.
    """
    have = pixels.shape[2]
    if have == channels:
        return pixels
    if have == 1:
        return _of_type(np.repeat(pixels, channels, axis=2), pixels)
    if have == 3 and channels == 1:
        weights = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601, as Pillow has it
        return _of_type((pixels.astype(np.float32) @ weights).round()[..., None], pixels)
    raise DataError(f"{have} channels where {channels} are wanted")


def _of_type(values: NDArray[Any], like: Pixels) -> Pixels:
    return values.astype(np.uint8, copy=False) if like.dtype == np.uint8 else values.astype(np.uint16, copy=False)


@contextmanager
def _reasons(content: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises into a reason of a few words."""
    try:
        yield
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(_not_an_image(content)) from error
    except _BROKEN as error:
        reason = (str(error).splitlines() or [""])[0][:80] or type(error).__name__
        raise DataError("truncated" if "truncated" in reason.lower() else f"damaged: {reason}") from error


def _not_an_image(content: bytes) -> str:
    start = content[:512]
    if not content:
        return "empty file"
    if not any(start):
        return "nothing but zero bytes"
    is_text = all(byte >= 32 or byte in b"\t\n\r\f" for byte in start)
    return "text, not an image" if is_text else "damaged, or of a format that Pillow cannot read"


def _of_image(image: Image.Image, size: int, notes: list[str]) -> Decoded:
    turn = image.getexif().get(_ORIENTATION, 1)
    full = (image.width, image.height) if turn in (5, 6, 7, 8) else (image.height, image.width)
    is_smaller = isinstance(image, ImageFile.ImageFile) and image.draft(image.mode, (2 * size, 2 * size)) is not None
    upright, changes = plain(image if turn == 1 else ImageOps.exif_transpose(image))
    original = full if is_smaller else (upright.height, upright.width)  # Pillow gives a turned TIFF its upright sides
    return Decoded(_reduced_image(upright, size, original), original, (*notes, *changes))


def _of_pixels(pixels: Pixels, size: int, notes: tuple[str, ...] = ()) -> Decoded:
    return Decoded(reduced(pixels, size), (pixels.shape[0], pixels.shape[1]), notes)


def _opened(content: bytes, max_megapixels: int) -> ImageFile.ImageFile:
    """Read the header alone, and refuse what would become too large."""
    if not content:
        raise DataError("empty file")
    image = Image.open(io.BytesIO(content))
    check_pixels(image.width, image.height, max_megapixels)
    return image


def _deep(image: Image.Image) -> Image.Image:
    """Return 16-bit grey; whole numbers that were read into 32 bits fit back where none is larger."""
    if image.mode.startswith("I;16"):
        return image if image.mode == "I;16" else Image.fromarray(np.asarray(image).astype(np.uint16))
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise DataError("32-bit pixels; wanted 8 or 16 bits")
    return Image.fromarray(values.astype(np.uint16))


def _on_white(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    grey = image.mode in ("L", "LA")
    layered = image.convert("LA" if grey else "RGBA")
    alpha = layered.getchannel("A")
    plain = layered.convert("L" if grey else "RGB")
    if alpha.getextrema() == (255, 255):
        return plain, ()
    white = Image.new(plain.mode, plain.size, "white")
    return Image.composite(plain, white, alpha), (_WHITE,)


def _is_grey(colours: Image.Image) -> bool:
    red, green, blue = colours.split()
    return red.tobytes() == green.tobytes() == blue.tobytes()


def _reduced_image(image: Image.Image, size: int, original: tuple[int, int]) -> Pixels:
    extent = reduced_extent(original, size)
    if image.mode == "I;16":
        return reduced(np.asarray(image)[..., None], size)
    if (image.height, image.width) != extent:
        image = image.resize(extent[::-1], Image.Resampling.BICUBIC, reducing_gap=2.0)
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def reduced_extent(extent: tuple[int, int], size: int) -> tuple[int, int]:
    """Return height and width with the short side at most ``size`` and the long one at most ``LONGEST`` times that."""
    scale = min(size / min(extent), LONGEST * size / max(extent), 1.0)
    height, width = (max(round(length * scale), 1) for length in extent)
    return height, width


def _deep_png(content: bytes, size: int) -> Decoded:
    """Decode a PNG of 16 bits and several channels, which Pillow narrows to the upper 8 bits.

    Told that the lower byte comes first, Pillow keeps the other 8 bits.
    """
    upper, lower = (_bytes_of_png(content, order) for order in ("B", "L"))
    pixels = upper.astype(np.uint16) * np.uint16(256) + lower
    if pixels.shape[2] == 3:
        return _of_pixels(pixels, size)
    alpha = pixels[..., 3:] / 65535
    on_white = (pixels[..., :3] * alpha + 65535 * (1 - alpha)).round().astype(np.uint16)
    return _of_pixels(on_white, size, () if alpha.min() == 1 else (_WHITE,))


def _bytes_of_png(content: bytes, order: str) -> NDArray[np.uint8]:
    image = Image.open(io.BytesIO(content))
    image.tile = [tile._replace(args=f"{image.mode};16{order}") for tile in image.tile]
    return np.asarray(ImageOps.exif_transpose(image))


def _deep_ppm(content: bytes, max_megapixels: int) -> NDArray[np.uint16] | None:
    """Return (H, W, 3) of a colour PPM of 16 bits, which Pillow narrows to 8; white becomes 65535. None for others."""
    header = _PPM.match(content)
    if header is None or not 255 < int(header[4]) <= 65535:
        return None
    width, height, white = (int(header[number]) for number in (2, 3, 4))
    check_pixels(width, height, max_megapixels)
    count, body = 3 * height * width, content[header.end() :]
    if header[1] == b"3":
        values = np.array(re.sub(rb"#[^\n\r]*", b"", body).split()[:count], np.bytes_).astype(np.int64)
    else:
        values = np.frombuffer(body, ">u2", min(count, len(body) // 2)).astype(np.int64)
    if len(values) < count:
        raise DataError("truncated")
    scaled = (values.clip(0, white) * 65535 + white // 2) // white
    return scaled.reshape(height, width, 3).astype(np.uint16)
