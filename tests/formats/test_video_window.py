"""Frames and sound of a part are those of the whole, decoded from its start by PyAV alone."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats.video_file import opened
from lessup.formats.video_index import index
from lessup.formats.video_window import pictures, sound
from toy_video import from_start, moving, tone, video, with_matrix

pytest.importorskip("av")

REAL = Path(__file__).parents[3] / "shared" / "data"


def shown(content, numbers, size=1000, channels=3):
    found = index(io.BytesIO(content), max_megapixels=120)
    with opened(io.BytesIO(content), max_megapixels=120) as file:
        return list(pictures(file, found, numbers, size=size, channels=channels))


def heard(content, start, seconds, rate):
    found = index(io.BytesIO(content), max_megapixels=120)
    with opened(io.BytesIO(content), max_megapixels=120) as file:
        return sound(file, found.sound, start, seconds, rate)


KINDS = {
    "H.264 with B frames": {"g": 12, "bf": 3, "sc_threshold": 0},
    "H.264 with open groups": {"g": 8, "bf": 2, "x264_params": "open-gop=1:scenecut=0"},
    "H.264, no key frame after the first": {"g": 1000, "bf": 3},
    "H.264 refreshed column by column": {"g": 10, "x264_params": "intra-refresh=1"},
    "HEVC with open groups": {
        "codec": "libx265",
        "x265_params": "keyint=8:min-keyint=8:bframes=3:open-gop=1:log-level=none:pools=none",
    },
    "MPEG-2 in a program stream": {"codec": "mpeg2video", "kind": "mpeg", "rate": 25, "g": 6, "bf": 2},
    "H.264 in a transport stream": {"kind": "mpegts", "g": 8, "bf": 2},
    "MPEG-4 in AVI": {"codec": "mpeg4", "kind": "avi", "g": 7, "bf": 2},
    "VP9 in WebM": {"codec": "libvpx-vp9", "kind": "webm", "g": 8, "deadline": "realtime", "cpu_used": 8},
    "H.264 in Matroska": {"kind": "matroska", "g": 9, "bf": 2},
    "motion JPEG, no container": {"codec": "mjpeg", "kind": "mjpeg", "pixels": "yuvj420p"},
    "H.264, no container": {"kind": "h264", "g": 8, "bf": 2},
}


@pytest.mark.parametrize("name", KINDS)
def test_frame_found_by_a_jump_is_the_frame_decoded_from_the_start(name):
    content = video(moving(40), **KINDS[name])
    whole, _ = from_start(content)
    assert len(whole) == 40
    for numbers in ([39], [23], [0], [7, 8, 31], [16, 24, 32], [5, 5, 5, 6], list(range(10, 40)), list(range(40))):
        for number, pixels in zip(numbers, shown(content, numbers), strict=True):
            assert np.array_equal(pixels, whole[number]), (name, number)


def test_times_are_the_stamps_of_a_file_with_a_variable_rate():
    stamps = [0, 40, 80, 400, 433, 1000, 1033, 1066, 3000, 3100]
    content = video(moving(10), kind="matroska", stamps=stamps, bf=2)
    found = index(io.BytesIO(content), max_megapixels=120)
    np.testing.assert_allclose(found.time, np.array(stamps) / 1000, atol=1e-9)
    assert found.is_variable
    assert not index(io.BytesIO(video(moving(10))), max_megapixels=120).is_variable
    whole, _ = from_start(content)
    assert np.array_equal(shown(content, [8])[0], whole[8])


@pytest.mark.parametrize(
    ("matrix", "upright"),
    [
        ((1, 0, 0, 1), lambda stored: stored),
        ((0, 1, -1, 0), lambda stored: np.rot90(stored, -1)),  # a phone held upright: a quarter to the right
        ((-1, 0, 0, -1), lambda stored: np.rot90(stored, 2)),
        ((0, -1, 1, 0), lambda stored: np.rot90(stored, 1)),
        ((-1, 0, 0, 1), lambda stored: stored[:, ::-1]),  # the camera on the front of a phone
    ],
)
def test_video_is_shown_as_its_display_matrix_says(matrix, upright):
    content = with_matrix(video(moving(5)), matrix)
    whole, _ = from_start(content)
    assert np.array_equal(shown(content, [3])[0], upright(whole[3]))
    found = index(io.BytesIO(content), max_megapixels=120)
    assert found.extent == upright(whole[3]).shape[:2]
    assert found.turned == (matrix != (1, 0, 0, 1))


def test_turned_video_is_reduced_upright():
    content = with_matrix(video(moving(5)), (0, 1, -1, 0))
    (pixels,) = shown(content, [3], size=24)
    assert pixels.shape == (32, 24, 3)
    blocks = np.rot90(from_start(content)[0][3], -1).reshape(32, 2, 24, 2, 3).mean((1, 3))
    assert np.corrcoef(pixels.ravel(), blocks.ravel())[0, 1] > 0.95
    assert np.corrcoef(pixels.ravel(), blocks[::-1].ravel())[0, 1] < 0.5


def test_grey_is_the_brightness_of_the_colours():
    content = video(moving(3))
    (grey,), (colours,) = shown(content, [1], channels=1), shown(content, [1])
    assert grey.shape == (48, 64, 1)
    assert np.abs(grey[..., 0] - colours @ [0.299, 0.587, 0.114]).mean() < 4


def test_oblong_pixels_become_square():
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        for pixels in moving(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        out.mux(stream.encode(None))
    assert shown(file.getvalue(), [1])[0].shape == (48, 128, 3)


def test_another_file_under_the_same_name_is_noticed():
    first, second = video(moving(20)), video(moving(20, seed=1))
    found = index(io.BytesIO(first), max_megapixels=120)
    with opened(io.BytesIO(second), max_megapixels=120) as file, pytest.raises(DataError, match="has changed"):
        next(pictures(file, found, [4], size=100, channels=3))


def test_numbers_that_fall_or_do_not_exist_are_refused():
    with pytest.raises(DataError, match="frame 3 asked for after 4"):
        shown(video(moving(6)), [4, 3])
    with pytest.raises(DataError, match="rising numbers below 6"):
        shown(video(moving(6)), [6])


def real_clips():
    for archive in ("video-silent.tar", "video-with-sound.tar"):
        if (REAL / archive).is_file():
            with tarfile.open(REAL / archive) as tar:
                for member in list(tar)[::9]:
                    yield member.name, tar.extractfile(member).read()


def test_frames_of_real_clips_are_found_exactly():
    clips = list(real_clips())
    if not clips:
        pytest.skip("the clips of ../shared/data are absent")
    draws = np.random.default_rng(0)
    for name, content in clips:
        whole, _ = from_start(content)
        found = index(io.BytesIO(content), max_megapixels=120)
        assert len(found.time) == len(whole)
        with opened(io.BytesIO(content), max_megapixels=120) as file:
            for number in draws.integers(0, len(whole), 4).tolist():
                stored = next(pictures(file, found, [number], size=2000, channels=3))
                if stored.shape == whole[number].shape:  # square pixels
                    assert np.array_equal(stored, whole[number]), (name, number)


def whole_sound(content, rate):
    """Resample the whole with PyAV and SciPy, as an independent way to the same samples."""
    import av
    from scipy.signal import resample_poly

    with av.open(io.BytesIO(content)) as file:
        stream = file.streams.audio[0]
        parts = [frame.to_ndarray() for frame in file.decode(stream)]
        wave = np.concatenate(parts, axis=1).mean(0)
        return resample_poly(wave, rate, stream.rate), wave


@pytest.mark.parametrize(
    ("kind", "codec", "channels"),
    [("mp4", "aac", 1), ("mp4", "aac", 2), ("matroska", "aac", 1), ("matroska", "libopus", 2), ("avi", "mp3", 1)],
)
def test_sound_of_a_window_is_cut_out_of_the_whole(kind, codec, channels):
    rate = 48000 if codec == "libopus" else 44100
    draws = np.random.default_rng(0)
    wave = (tone(6, rate, 500, channels) * np.linspace(0.1, 1, 6 * rate) + 0.02 * draws.normal(size=6 * rate)).astype(
        np.float32
    )
    layout = ["mono", "stereo"][channels - 1]
    content = video(moving(60), kind=kind, sound=wave, sound_rate=rate, sound_codec=codec, layout=layout)
    found = index(io.BytesIO(content), max_megapixels=120)
    _, native = whole_sound(content, rate)
    first = found.sound.start
    for start, seconds in ((0.0, 1.0), (2.345, 1.5), (4.0, 1.9)):
        begin = round(start * rate) - first
        wanted = native[max(begin, 0) : begin + round(seconds * rate)]
        got = heard(content, start, seconds, rate)[max(-begin, 0) :]
        np.testing.assert_allclose(got[: len(wanted)], wanted, atol=2e-4)


@pytest.mark.parametrize("rate", [8000, 16000, 20000, 48000])
def test_resampled_sound_of_a_window_is_a_slice_of_the_resampled_whole(rate):
    content = video(moving(40), sound=tone(4, 44100, 500), sound_rate=44100)
    wanted, _ = whole_sound(content, rate)
    found = index(io.BytesIO(content), max_megapixels=120)
    got = heard(content, 1.25, 1.5, rate)
    assert len(got) == round(1.5 * rate)
    first = round((1.25 - found.sound.start / 44100) * rate)
    np.testing.assert_allclose(got, wanted[first : first + len(got)], atol=3e-3)


def test_sound_beyond_the_end_is_silence():
    content = video(moving(40), sound=tone(2, 22050), sound_rate=22050)
    got = heard(content, 1.5, 2, 22050)
    assert len(got) == 44100
    assert np.abs(got[:8000]).max() > 0.4
    assert not got[14000:].any()
    assert not heard(content, 100, 1, 16000).any()


def test_sound_of_real_clips_is_cut_out_of_the_whole():
    clips = [(name, content) for name, content in real_clips() if "with-sound" in name]
    if not clips:
        pytest.skip("the clips of ../shared/data are absent")
    for name, content in clips:
        found = index(io.BytesIO(content), max_megapixels=120)
        rate = found.sound.rate
        _, wave = whole_sound(content, rate)
        begin = round(3.3 * rate) - found.sound.start
        wanted, got = wave[begin : begin + 2 * rate], heard(content, 3.3, 2, rate)
        assert np.corrcoef(got, wanted)[0, 1] > 0.95, name  # AAC lets the decoder draw some of its noise
        assert np.array_equal(got, heard(content, 3.3, 2, rate))
