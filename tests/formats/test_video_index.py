"""What one pass finds is what was encoded; hostile files give a reason and nothing worse."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats.video_file import opened
from lessup.formats.video_index import index
from lessup.formats.video_window import pictures
from toy_video import from_start, moving, sound_alone, tone, video

pytest.importorskip("av")


def found(content, max_megapixels=120):
    return index(io.BytesIO(content), max_megapixels=max_megapixels)


def test_frames_seconds_and_sound_are_those_encoded():
    got = found(video(moving(25), rate=10, sound=tone(2, 22050, channels=2), sound_rate=22050))
    assert len(got.time) == 25
    np.testing.assert_allclose(got.time, np.arange(25) / 10, atol=1e-9)
    assert got.seconds == pytest.approx(2.5)
    assert got.extent == (48, 64)
    assert (got.codec, got.num_streams, got.notes) == ("h264", 2, ())
    assert (got.sound.rate, got.sound.channels) == (22050, 2)
    assert got.sound.length / 22050 == pytest.approx(2, abs=0.1)
    assert got.sound.peak == pytest.approx(0.5, abs=0.05)


def test_missing_sound_and_a_silent_track_are_told_apart():
    assert found(video(moving(5))).sound is None
    assert found(video(moving(5), sound=np.zeros((1, 11025), np.float32))).sound.peak == 0


def test_equal_frames_and_sound_are_equal_in_another_container():
    import av

    first = video(moving(12), sound=tone(1))
    file = io.BytesIO()
    with av.open(io.BytesIO(first)) as have, av.open(file, "w", format="mov") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in have.streams}
        for packet in have.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    assert file.getvalue() != first
    assert found(file.getvalue()).content == found(first).content
    assert found(video(moving(12))).content != found(first).content
    assert found(video(moving(12, seed=1), sound=tone(1))).content != found(first).content


def test_one_frame_is_a_video():
    got = found(video(moving(1)))
    assert len(got.time) == 1
    assert got.time[0] == 0
    assert got.has_stamps


def test_many_channels_and_rates_become_their_mean():
    for layout, channels, rate in (("5.1", 6, 48000), ("stereo", 2, 192000), ("mono", 1, 8000)):
        wave = np.zeros((channels, rate), np.float32)
        wave[0] = 0.9
        got = found(
            video(moving(5), kind="matroska", sound=wave, sound_rate=rate, sound_codec="flac", layout=layout)
        ).sound
        assert (got.rate, got.channels) == (rate, channels)
        assert got.peak == pytest.approx(0.9 / channels, abs=1e-3)


HOSTILE = {
    "text": (b"The quick brown fox\n" * 50, "is no video that can be decoded"),
    "nothing": (b"", "the file is empty"),
    "zeros": (bytes(5000), "is no video that can be decoded"),
    "noise": (np.random.default_rng(0).bytes(20000), "is no video|not one picture|no moving pictures"),
    "play list": (
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
        "is no video",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_gives_a_reason(name):
    content, wanted = HOSTILE[name]
    with pytest.raises(DataError, match=wanted):
        found(content)


def test_list_of_files_opens_none_of_them(tmp_path, monkeypatch):
    (tmp_path / "secret.mp4").write_bytes(video(moving(5)))
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    monkeypatch.chdir(tmp_path)
    with Path("list.mp4").open("rb") as file, pytest.raises(DataError, match="is no video that can be decoded"):
        index(file, max_megapixels=120)


def test_sound_alone_is_no_video():
    with pytest.raises(DataError, match="has no moving pictures: found audio"):
        found(sound_alone(tone(1)))


def test_header_without_frames_gives_a_reason():
    whole = video(moving(5), kind="avi", codec="mpeg4")
    with pytest.raises(DataError, match=r"is no video|not one picture"):
        found(whole[: whole.index(b"movi") + 4])


@pytest.mark.parametrize("kind", ["matroska", "mpegts", "flv"])
def test_frames_before_a_cut_are_used_and_the_cut_is_noted(kind):
    whole = video(moving(40), kind=kind, g=5)
    cut = whole[: len(whole) * 2 // 3]
    got = found(cut)
    assert 5 < len(got.time) < 35
    if kind != "mpegts":  # which declares no length
        assert any("damaged" in note for note in got.notes), got.notes
    have, _ = from_start(whole)
    with opened(io.BytesIO(cut), max_megapixels=120) as file:
        (pixels,) = pictures(file, got, [5], size=1000, channels=3)
    assert np.array_equal(pixels, have[5])


@pytest.mark.parametrize("kind", ["mp4", "matroska", "avi", "mpegts"])
def test_damage_in_the_middle_is_passed_over_and_mostly_noticed(kind):
    whole = video(moving(60), kind=kind, g=10, bf=2, codec="mpeg4" if kind == "avi" else "libx264")
    content, unnoticed = found(whole).content, 0
    for place in range(len(whole) // 3, 2 * len(whole) // 3, len(whole) // 20):
        torn = bytearray(whole)
        torn[place : place + 400] = np.random.default_rng(1).bytes(400)
        got = found(bytes(torn))
        assert 20 < len(got.time) <= 60
        unnoticed += not (got.notes or got.is_variable or got.content == content)
        with opened(io.BytesIO(torn), max_megapixels=120) as file:
            assert len(list(pictures(file, got, range(len(got.time)), size=100, channels=3))) == len(got.time)
    assert unnoticed <= 1  # a decoder may take noise for pictures


def test_larger_pictures_than_allowed_are_refused_before_decoding():
    with pytest.raises(DataError, match="2 megapixels; the limit is 1"):
        found(video(np.zeros((1, 1000, 1200, 3), np.uint8)), max_megapixels=1)


def test_8k_is_read():
    content = video(np.zeros((2, 4320, 7680, 3), np.uint8), preset="ultrafast")
    got = found(content)
    assert got.extent == (4320, 7680)
    with opened(io.BytesIO(content), max_megapixels=120) as file:
        (pixels,) = pictures(file, got, [1], size=90, channels=3)
    assert pixels.shape == (90, 160, 3)


MEMORY = """
import re, sys
from lessup.formats.video_file import opened
from lessup.formats.video_index import index
from lessup.formats.video_window import pictures, sound
with open(sys.argv[1], "rb") as file:
    found = index(file, max_megapixels=120)
    with opened(file, max_megapixels=120) as video:
        last = len(found.time) - 1
        for numbers in ([last], range(0, last, 700)):
            for _ in pictures(video, found, numbers, size=64, channels=3): pass
        sound(video, found.sound, 7100, 1, 16000)
print(len(found.time), re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


class Repeated:
    """A sequence that holds few frames and gives many."""

    def __init__(self, frames, count):
        self.frames, self.count = frames, count
        self.shape = (count, *frames.shape[1:])

    def __iter__(self):
        return (self.frames[n % len(self.frames)] for n in range(self.count))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the largest memory of a process is read from /proc")
def test_two_hours_take_no_more_memory_than_a_minute(tmp_path):
    """A frame every four seconds and sound: all frames at once would be 400 MB, the sound as numbers 230 MB."""
    peaks = []
    for seconds in (60, 7200):
        frames = Repeated(moving(16, 240, 320), seconds // 4)
        stamps = range(0, 1000 * seconds, 4000)
        heard = {"sound": tone(seconds, 8000), "sound_rate": 8000, "sound_codec": "pcm_s16le"}
        path = tmp_path / f"{seconds}.mkv"
        path.write_bytes(video(frames, kind="matroska", stamps=stamps, g=60, preset="ultrafast", **heard))
        done = subprocess.run([sys.executable, "-c", MEMORY, path], capture_output=True, text=True, check=True)
        count, peak = map(int, done.stdout.split())
        assert count == seconds // 4
        peaks.append(peak / 1024)
    assert peaks[1] < peaks[0] + 40, peaks
