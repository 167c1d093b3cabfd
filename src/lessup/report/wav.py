"""Sounds that play inside the page."""

import base64
import struct

import numpy as np
from numpy.typing import NDArray


def data_uri(wave: NDArray[np.uint8], rate: int) -> str:
    """Encode (T,) samples of one channel as WAV and return it as an address that holds its content.

    Args:
        wave: 8 bits each, 128 is silence.
        rate: samples a second, Hz.
    """
    samples = wave.tobytes()
    rest = b"\0" * (len(samples) % 2)  # chunks begin at even places
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples + rest
    return "data:audio/wav;base64," + base64.b64encode(struct.pack("<4sI", b"RIFF", len(body)) + body).decode()
