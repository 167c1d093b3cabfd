"""Frames of clips are images, and what is heard around each is measured as the sound alone would be."""

import numpy as np
import pytest
import torch

from lessup import data
from lessup.samples import Reading
from lessup.samples import clip_frames as module
from lessup.samples.clip_frames import as_read, clip_frames, frame_keys, heard, with_textures
from lessup.samples.images import joined
from lessup.samples.splits import Folds, split
from lessup.transforms.sound_textures import RATE, sound_textures
from toy_video import moving, tone, video

pytest.importorskip("av")


def noise(seconds, rate, channels=1, seed=0):
    wave = np.random.default_rng(seed).normal(0, 0.1, (1, round(seconds * rate)))
    return np.repeat(wave, channels, 0).astype(np.float32)


def pcm(sound, rate, layout=None, count=30, seed=0):
    return video(
        moving(count, seed=seed), kind="matroska", sound=sound, sound_rate=rate, sound_codec="pcm_f32le", layout=layout
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heard")
    contents = {
        "hiss/a.mkv": pcm(noise(3, 20_000), 20_000),
        "hiss/b.mkv": pcm(noise(3, 20_000, seed=1), 20_000, count=5, seed=1),
        "none/mute.mkv": video(moving(12, seed=2), kind="matroska"),
        "none/quiet.mkv": pcm(np.zeros((1, 60_000), np.float32), 20_000, seed=3),
        "none/short.mkv": pcm(noise(0.02, 20_000), 20_000, seed=4),
        "none/broken.mkv": b"this is no video",
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def clips(folder):
    return data.load(folder, Reading(frames=6, seconds=1.0))


@pytest.fixture(scope="module")
def frames(clips):
    return with_textures(clip_frames(clips))


def test_frames_are_the_middles_of_equal_parts_and_all_of_a_clip_that_has_fewer(clips, frames):
    counts = {str(name): int((frames.moments.clip == n).sum()) for n, name in enumerate(clips.id)}
    assert counts == {"hiss/a.mkv": 6, "hiss/b.mkv": 5, "none/mute.mkv": 6, "none/quiet.mkv": 6, "none/short.mkv": 6}
    assert frames.id[:2].tolist() == ["hiss/a.mkv#0", "hiss/a.mkv#1"]
    np.testing.assert_allclose(frames.moments.second[:6], 3.0 * (np.arange(6) + 0.5) / 6, atol=1e-6)
    shown = clips.window(0, start_s=0.25, num_frames=6, rate=2)
    for number in range(6):
        np.testing.assert_array_equal(frames.pixels[number], shown[number])
    assert frames.original[0].tolist() == [48, 64]


def test_frames_have_labels_and_groups_of_their_clips_and_are_never_parted(clips, frames):
    assert [clips.classes[label] for label in frames.label[[0, 11]]] == ["hiss", "none"]
    parts = split(frames, Folds(folds=2))
    of = [{name.partition("#")[0] for name in part.id.tolist()} for part in (parts.train, parts.validation, parts.test)]
    assert not of[0] & of[2]
    assert not of[1] & of[2]
    assert sum(map(len, of)) == len(set().union(*of)) == len(clips)


def test_textures_are_those_of_the_sound_around_each_frame(frames):
    wave = torch.from_numpy(noise(3, 20_000))
    for number, second in enumerate(frames.moments.second[:6]):
        start = round(min(max(second - 0.5, 0), 2.0) * RATE)
        want = sound_textures(wave[:, start : start + RATE])[0].numpy()
        np.testing.assert_allclose(frames.moments.texture[number], want, atol=2e-4)
        np.testing.assert_allclose(frames.moments.sound(number), wave[0, start : start + RATE], atol=1e-6)


def test_clips_in_which_nothing_is_heard_are_named_and_their_textures_are_not_numbers(clips, frames):
    told = {damage.name: damage.reason for damage in frames.damage}
    assert told["none/mute.mkv"] == "no sound"
    assert told["none/quiet.mkv"] == "silent"
    assert told["none/short.mkv"].startswith("sound shorter than")
    assert "none/broken.mkv" in told
    assert {name for name in told if name.startswith("hiss")} == set()
    assert heard(frames).tolist() == [True] * 11 + [False] * 18
    assert np.isnan(frames.moments.texture[11:]).all()
    assert not heard(clip_frames(clips)).any()


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_any_rate_and_number_of_channels_sounds_the_same(rate, layout, tmp_path):
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    (tmp_path / "a.mkv").write_bytes(pcm(tone(2, rate, 440.0, channels), rate, layout, count=20))
    frames = with_textures(clip_frames(data.load(tmp_path, Reading(frames=1, seconds=1.0))))
    want = sound_textures(torch.from_numpy(tone(1, RATE, 440.0)))[0, :32].numpy()
    np.testing.assert_allclose(frames.moments.texture[0, :32], want, atol=0.03)  # the mean of each band


def test_sound_that_is_silent_around_some_frames_leaves_these_out(tmp_path):
    wave = noise(4, 20_000)
    wave[:, 40_000:] = 0
    (tmp_path / "half.mkv").write_bytes(pcm(wave, 20_000, count=40))
    frames = with_textures(clip_frames(data.load(tmp_path, Reading(frames=4, seconds=0.5))))
    assert heard(frames).tolist() == [True, True, False, False]
    assert [damage.reason for damage in frames.damage] == ["silent around some frames"]


def test_both_passes_are_kept(clips, frames, monkeypatch):
    def never(*_):
        raise AssertionError("decoded again")

    monkeypatch.setattr(module, "_spread", never)
    monkeypatch.setattr(module, "_heard", never)
    again = with_textures(clip_frames(clips))
    assert again.fingerprint == frames.fingerprint
    np.testing.assert_array_equal(again.moments.texture, frames.moments.texture)
    np.testing.assert_array_equal(again.pixels[3], frames.pixels[3])


def test_batch_has_the_textures_of_its_rows_also_after_parts_were_joined(frames):
    parts = joined([frames.take(np.array([3, 1])), frames.take(np.array([12]))])
    batch = parts.batch([2, 0])
    assert "texture" in parts.keys
    np.testing.assert_array_equal(batch["texture"].numpy(), frames.moments.texture[[12, 3]])
    assert parts.moments.clip.tolist() == [0, 0, 2]


def test_methods_for_images_are_given_frames_and_others_clips(clips, folder):
    assert as_read(clips, ("clip",)) is clips
    assert as_read(clips, ("image",)).keys == ("image", "extent", "label")
    assert frame_keys(clips) == as_read(clips, ("image", "texture")).keys
    assert frame_keys(clips.take(np.array([2]))) == ("image", "extent", "label")
    same = data.load(folder, Reading(frames=6, seconds=1.0), reads=("image",))
    assert same.fingerprint == as_read(clips, ("image", "texture")).fingerprint
