"""Parts of clips are what decoding the whole gives."""

import pickle
import tarfile

import numpy as np
import pytest

from lessup import data
from lessup.errors import DataError
from lessup.samples import Reading
from lessup.samples.clips import shown_at
from toy_video import from_start, moving, tone, video

pytest.importorskip("av")

STAMPS = [0, 100, 200, 700, 733, 766, 2000, 2100]


@pytest.fixture(scope="module")
def contents():
    return {
        "even.mp4": video(moving(30), g=8, bf=2, sound=tone(3)),
        "odd.mkv": video(moving(8, 64, 48, seed=1), kind="matroska", stamps=STAMPS),
    }


@pytest.fixture(scope="module")
def folder(contents, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def clips(folder):
    return data.load(folder)


def test_every_frame_comes_with_its_time(clips, contents):
    whole, _ = from_start(contents["odd.mkv"])
    got = list(clips.frames(1))
    np.testing.assert_allclose([time for time, _ in got], np.array(STAMPS) / 1000, atol=1e-9)
    assert all(np.array_equal(pixels, frame) for (_, pixels), frame in zip(got, whole, strict=True))


def test_frames_at_a_rate_are_those_shown_then(clips, contents):
    whole, _ = from_start(contents["odd.mkv"])
    got = list(clips.frames(1, rate=10, seconds=2.1))
    assert len(got) == 21
    for step, (time, pixels) in enumerate(got):
        assert time == pytest.approx(step / 10)
        shown = max(n for n, stamp in enumerate(STAMPS) if stamp <= 100 * step)
        assert np.array_equal(pixels, whole[shown])


def test_window_has_the_frames_of_its_times_and_no_others(clips, contents):
    whole, _ = from_start(contents["even.mp4"])
    got = list(clips.frames(0, start_s=1.2, seconds=0.5))
    np.testing.assert_allclose([time for time, _ in got], [1.2, 1.3, 1.4, 1.5, 1.6], atol=1e-6)
    assert np.array_equal(got[0][1], whole[12])
    window = clips.window(0, start_s=-0.2, num_frames=4, rate=10)
    assert all(np.array_equal(window[n], whole[m]) for n, m in enumerate((0, 0, 0, 1)))
    window = clips.window(0, start_s=2.8, num_frames=4, rate=10)
    assert all(np.array_equal(window[n], whole[m]) for n, m in enumerate((28, 29, 29, 29)))


def test_frames_are_reduced_to_the_size_asked_for(clips):
    assert clips.window(0, start_s=0, num_frames=2, rate=5, size=24).shape == (2, 24, 32, 3)
    assert clips.window(1, start_s=0, num_frames=1, rate=5, size=24).shape == (1, 32, 24, 3)


def test_batch_holds_frames_spread_evenly_and_padded(folder, contents):
    clips = data.load(folder, Reading(frames=4))
    batch = clips.batch([1, 0])
    assert batch["clip"].shape == (2, 4, 3, 64, 64)
    assert batch["extent"].tolist() == [[64, 48], [48, 64]]
    np.testing.assert_allclose(batch["time"][1], [0.375, 1.125, 1.875, 2.625])
    whole, _ = from_start(contents["even.mp4"])
    for place, number in enumerate((3, 11, 18, 26)):
        shown = (255 * batch["clip"][1, place].permute(1, 2, 0)).round().byte().numpy()
        assert np.array_equal(shown[:48], whole[number])
        assert not shown[48:].any()


def test_grey_clips_have_one_channel(folder):
    assert data.load(folder, Reading(colour="grey", frames=2)).batch([0])["clip"].shape == (1, 2, 1, 48, 64)


def test_sound_of_a_window_has_the_pitch_that_was_encoded(clips):
    got = clips.sound(0, start_s=1, seconds=1, rate=16000)
    assert got.shape == (16000,)
    assert np.abs(np.fft.rfft(got)).argmax() == 440
    with pytest.raises(DataError, match=r"odd.mkv has no sound"):
        clips.sound(1, start_s=0, seconds=1, rate=16000)


def test_clips_travel_to_another_process(clips):
    again = pickle.loads(pickle.dumps(clips))
    assert np.array_equal(again.batch([0])["clip"], clips.batch([0])["clip"])


def test_archive_is_read_as_the_folder(clips, folder, tmp_path):
    with tarfile.open(tmp_path / "clips.tar", "w") as tar:
        for name in ("even.mp4", "odd.mkv"):
            tar.add(folder / name, name)
    packed = data.load(tmp_path / "clips.tar")
    assert packed.fingerprint == clips.fingerprint
    assert np.array_equal(packed.batch([0, 1])["clip"], clips.batch([0, 1])["clip"])


def test_second_reading_decodes_nothing(folder, monkeypatch):
    first = data.load(folder)
    monkeypatch.setattr("lessup.formats.video_index.index", None)
    again = data.load(folder)
    assert again.fingerprint == first.fingerprint
    for one, other in zip(first.clips, again.clips, strict=True):
        assert np.array_equal(one.index.time, other.index.time)
        assert (one.index.sound, one.index.extent, one.index.notes) == (
            other.index.sound,
            other.index.extent,
            other.index.notes,
        )


def test_changed_file_is_looked_through_anew(tmp_path):
    (tmp_path / "a.mp4").write_bytes(video(moving(5)))
    first = data.load(tmp_path)
    (tmp_path / "a.mp4").write_bytes(video(moving(7)))
    second = data.load(tmp_path)
    assert len(second.clips[0].index.time) == 7
    assert second.fingerprint != first.fingerprint
    (tmp_path / "a.mp4").write_bytes(video(moving(9, seed=3)))
    with pytest.raises(DataError, match=r"a.mp4: frame 4 is not what it was"):
        list(first.frames(0, start_s=0.4))


def test_moment_between_two_frames_shows_the_earlier():
    time = np.array([0.0, 0.067, 0.133])
    assert shown_at(time, np.arange(3) / 15).tolist() == [0, 1, 2]  # stamps rounded to milliseconds
    assert shown_at(time, np.array([0.06, 0.1])).tolist() == [0, 1]
