"""Small video files made with PyAV, for tests of whatever reads them."""

import io
import struct
from fractions import Fraction

import numpy as np


def moving(count=30, height=48, width=64, seed=0):
    """Frames of a smooth texture that drifts, with a square whose grey tells the number of the frame."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 8 + 8, width // 8 + 8, 3), np.uint8)
    texture = np.kron(small, np.ones((8, 8, 1), np.uint8))
    frames = [texture[n % 32 : n % 32 + height, n % 16 : n % 16 + width].copy() for n in range(count)]
    for number, frame in enumerate(frames):
        frame[:16, :16] = 20 + (number * 37) % 200
    return np.stack(frames)


def tone(seconds, rate=22050, hertz=440.0, channels=1):
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[None], channels, 0).astype(np.float32)


def video(
    frames,
    *,
    kind="mp4",
    codec="libx264",
    rate=10,
    stamps=None,
    sound=None,
    sound_rate=22050,
    sound_codec="aac",
    layout=None,
    pixels="yuv420p",
    **options,
):
    """Encode (T, H, W, 3) frames, and (C, T) sound if given; ``stamps`` are in thousandths of a second."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=kind) as out:
        stream = out.add_stream(codec, rate=rate, options={key.replace("_", "-"): str(v) for key, v in options.items()})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        stream.codec_context.thread_count = 1
        if stamps is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        heard = None
        if sound is not None:
            drawn = {"aac_pns": "0"} if sound_codec == "aac" else {}  # without it, a decoder draws some noise itself
            place = layout or ["mono", "stereo"][len(sound) - 1]
            heard = out.add_stream(sound_codec, rate=sound_rate, layout=place, options=drawn)
            heard.codec_context.thread_count = 1
        for number, pixels_of_one in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_of_one), "rgb24")
            frame.pts = number if stamps is None else stamps[number]
            frame.time_base = Fraction(1, rate) if stamps is None else Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if heard is not None:
            _mux_sound(av, out, heard, sound, sound_rate)
    return file.getvalue()


def _mux_sound(av, out, stream, sound, rate):
    for start in range(0, sound.shape[1], 1024):
        block = np.ascontiguousarray(sound[:, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(block, "fltp", stream.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def sound_alone(sound, *, kind="mp4", codec="aac", rate=22050):
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=kind) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        _mux_sound(av, out, stream, sound, rate)
    return file.getvalue()


def with_matrix(content, matrix):
    """Overwrite the display matrix of the first track of an MP4: a, b, c and d as whole numbers."""
    a, b, c, d = (value << 16 for value in matrix)
    header = content.index(b"tkhd")
    place = header + 4 + 4 + (32 if content[header + 4] else 20) + 8 + 8
    new = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return content[:place] + new + content[place + 36 :]


def from_start(content):
    """Decode every frame from the start with PyAV alone: (T, H, W, 3) as stored, and time stamps."""
    import av

    with av.open(io.BytesIO(content)) as file:
        frames = list(file.decode(video=0))
    return [frame.to_ndarray(format="rgb24") for frame in frames], [frame.pts for frame in frames]


def passing(count=45, height=80, width=160, side=64, step=2, pan=1, seed=0):
    """Frames of a texture that a camera pans over, with a square of another texture that crosses it.

    Returns the (T, H, W, 3) frames and (T, 2) left and top of the square in each.
    """
    rng = np.random.default_rng(seed)

    def texture(high, wide):
        return np.kron(rng.integers(0, 256, (high // 4 + 1, wide // 4 + 1, 3), np.uint8), np.ones((4, 4, 1), np.uint8))

    ground, square = texture(height, width + pan * count), texture(side, side)[:side, :side]
    place = np.array([(4 + step * n % (width - side - 8), (height - side) // 2) for n in range(count)])
    frames = np.stack([ground[:height, pan * n : pan * n + width] for n in range(count)])
    for frame, (left, top) in zip(frames, place, strict=True):
        frame[top : top + side, left : left + side] = square
    return frames, place
