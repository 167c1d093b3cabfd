"""Images that are frames: their order, and what becomes of their depth and channels."""

import io

import numpy as np
import pytest
from PIL import Image

from lessup.errors import DataError
from lessup.formats.frame_files import frames_by_folder, still


def stored(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def test_frames_stand_in_the_order_of_their_numbers_whatever_their_width():
    names = ["b/2.png", "b/10.png", "b/1.JPG", "a/x9y10.png", "a/x9y2.png", "a/times.txt", "top.png"]
    assert frames_by_folder(names) == {
        "b": ("b/1.JPG", "b/2.png", "b/10.png"),
        "a": ("a/x9y2.png", "a/x9y10.png"),
        "": ("top.png",),
    }


def test_grey_of_16_bits_becomes_the_upper_8_in_as_many_channels_as_asked():
    pixels = (np.arange(12, dtype=np.uint16) * 1000).reshape(3, 4)
    found = still(stored(pixels), 240, 1, 3)
    assert found.dtype == np.uint8
    assert (found == (pixels >> 8)[..., None]).all()
    assert found.shape == (3, 4, 3)


def test_frame_is_reduced_to_the_short_side_and_a_broken_one_refused():
    assert still(stored(np.zeros((30, 60, 3), np.uint8)), 10, 1, 1).shape == (10, 20, 1)
    with pytest.raises(DataError):
        still(b"broken", 10, 1, 3)
