import base64
import io
import wave

import numpy as np
import pytest

from lessup.report.wav import data_uri


@pytest.mark.parametrize("count", [0, 7, 8])
def test_the_standard_library_reads_back_what_was_written(count):
    samples = np.random.default_rng(0).integers(0, 256, count, np.uint8)
    kind, _, content = data_uri(samples, 8000).partition(",")
    assert kind == "data:audio/wav;base64"
    with wave.open(io.BytesIO(base64.b64decode(content))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 1, 8000)
        assert file.readframes(100) == samples.tobytes()
