"""What a file may become in memory or on disk: decompression bombs are refused before they go off.

Both limits hold for what a header declares and for what is really read.
"""

from lessup.errors import DataError

FREE_BYTES = 1 << 28
"""Anything may unpack to so many bytes."""

TIMES = 100
"""Beyond ``FREE_BYTES``, what is unpacked may be so many times as large as what was packed; images reach 2, text 20."""

_FULL_BANDS = 4
"""An image of more bands counts as one of more pixels: RGBA and CMYK are the largest of the usual ones."""


def check_pixels(width: int, height: int, max_megapixels: int, *, bands: int = 1) -> None:
    """Refuse what would become too large; every four bands count as one image of these sides.

    Raises:
        DataError: there are more pixels than allowed; the message is the reason alone.
    """
    megapixels = -(-width * height * max(bands, _FULL_BANDS) // (_FULL_BANDS * 1_000_000))
    if megapixels > max_megapixels:
        counted = f" in {bands:,} bands, four of them counting as one" if bands > _FULL_BANDS else ""
        raise DataError(f"{megapixels:,} megapixels{counted}; the limit is {max_megapixels} (--max-megapixels)")


def check_unpacked(size: int, packed: int, name: str = "") -> None:
    """Refuse ``size`` bytes that were unpacked, or are declared to be, out of ``packed`` ones.

    Args:
        size: bytes.
        packed: bytes that they come from.
        name: what the message begins with.

    Raises:
        DataError: it is too much; the message says how to have it all the same.
    """
    most = most_unpacked(packed)
    if size > most:
        raise DataError(
            f"{name and name + ' '}unpacks to more than {most // 1_000_000:,} MB, and to more than {TIMES} times its "
            "size, as decompression bombs do: if you trust it, unpack it yourself and give the folder"
        )


def most_unpacked(packed: int) -> int:
    """Return how many bytes may come out of ``packed`` ones.

    >>> most_unpacked(1_000) == FREE_BYTES, most_unpacked(10_000_000)
    (True, 1000000000)
    """
    return max(FREE_BYTES, TIMES * packed)
