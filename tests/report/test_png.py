import base64
import io

import numpy as np
import pytest
from PIL import Image

from lessup.report.png import data_uri, encoded


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pillow_reads_back_the_pixels(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    file = base64.b64decode(data_uri(pixels).removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))).reshape(5, 7, channels), pixels)
    assert base64.b64decode(data_uri(pixels).split(",")[1]) == encoded(pixels)
