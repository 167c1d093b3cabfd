"""Limits on what files become."""

import pytest

from lessup.errors import DataError
from lessup.formats import limits


def test_pixels_count_by_four_bands():
    limits.check_pixels(1000, 1000, 1, bands=4)
    limits.check_pixels(1000, 1000, 4, bands=13)  # 13 bands of a megapixel are 3.25 images of four
    with pytest.raises(DataError, match=r"^4 megapixels in 13 bands, four of them counting as one; the limit is 3"):
        limits.check_pixels(1000, 1000, 3, bands=13)
    with pytest.raises(DataError, match=r"^2 megapixels; the limit is 1 \(--max-megapixels\)$"):
        limits.check_pixels(1001, 1000, 1)


def test_little_may_become_anything_and_much_a_hundred_times_its_size():
    limits.check_unpacked(limits.FREE_BYTES, 1)
    limits.check_unpacked(100 * 50_000_000, 50_000_000)
    with pytest.raises(DataError, match=r"^x\.zip unpacks to more than 5,000 MB, .* unpack it yourself"):
        limits.check_unpacked(100 * 50_000_000 + 1, 50_000_000, "x.zip")
    with pytest.raises(DataError, match=r"^unpacks to more than 268 MB"):
        limits.check_unpacked(limits.FREE_BYTES + 1, 1)
