"""What the text formats of meshes share: many whole numbers at once, and polygons to triangles."""

import numpy as np
from numpy.typing import NDArray

_LAST = -(2**62)
"""Stands behind the text; numpy stops at a word that is no whole number, and then this is not the last one read."""


def read_whole(words: bytes) -> NDArray[np.int64]:
    r"""Read the whole numbers of a text, parted by any white space, ten times faster than ``int`` on every word.

    Raises:
        ValueError: a word is no whole number; the message holds the word.

    >>> read_whole(b"3 0 1\n2")
    array([3, 0, 1, 2])
    """
    try:
        numbers = np.fromstring(b"%s %d" % (words, _LAST), dtype=np.int64, sep=" ")
    except (ValueError, DeprecationWarning):  # newer and older numpy at a word that is no number
        numbers = np.empty(0, np.int64)
    if len(numbers) and numbers[-1] == _LAST:
        return numbers[:-1]
    return np.array([int(word) for word in words.split()], np.int64)


def fan(corners: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut each polygon into the triangles of a fan around its first corner; fewer than three corners give none.

    Args:
        corners: (sum of sizes,) int64, polygon after polygon.
        sizes: (P,) int64 corners of each polygon.

    Returns:
        (F, 3) int64.

    >>> fan(np.array([0, 1, 2, 3, 4, 5, 6, 7, 8]), np.array([4, 3, 2])).tolist()
    [[0, 1, 2], [0, 2, 3], [4, 5, 6]]
    """
    counts = np.maximum(sizes - 2, 0)
    first = np.repeat(np.cumsum(sizes) - sizes, counts)
    place = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([corners[first], corners[first + place + 1], corners[first + place + 2]], axis=1)
