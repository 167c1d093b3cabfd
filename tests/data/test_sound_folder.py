import io
import tarfile
import tracemalloc

import numpy as np
import pytest

from lessup import data
from lessup.doctor import examine, render
from lessup.errors import DataError
from lessup.samples import Damage, Reading
from lessup.samples import sound_cache as cache
from lessup.samples.splits import Folds, split

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "sounds").mkdir()
    return tmp_path / "sounds"


def noise(seconds=0.5, seed=0, channels=1, rate=20_000):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (int(seconds * rate), channels))


def sound(path, wave=None, rate=20_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise(seed=hash(path.name) % 1000) if wave is None else wave, rate)


def sounds(folder, *names):
    for seed, name in enumerate(names):
        sound(folder / name, noise(seed=seed))


def test_class_folders_give_labels(folder):
    sounds(folder, "rain/1.wav", "dog/1.flac", "dog/2.ogg")
    found = data.load(folder)
    assert found.classes == ("dog", "rain")
    assert found.id.tolist() == ["dog/1.flac", "dog/2.ogg", "rain/1.wav"]
    assert found.label.tolist() == [0, 0, 1]
    batch = found.batch([2, 0])
    assert batch["sound"].shape == (2, 10_000)
    assert batch["length"].tolist() == [10_000, 10_000]
    np.testing.assert_allclose(batch["sound"][0], noise(seed=0)[:, 0], atol=1e-4)


def test_folder_and_tar_give_the_same_sounds(folder):
    sounds(folder, "a/1.wav", "b/2.ogg")
    packed = folder.parent / "packed.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(folder, "everything")
    here, there = data.load(folder), data.load(packed)
    assert here.fingerprint == there.fingerprint
    np.testing.assert_array_equal(here.waves.flat, there.waves.flat)


def test_shorter_sounds_are_padded(folder):
    sound(folder / "a.wav", noise(0.2))
    sound(folder / "b.wav", noise(0.3))
    batch = data.load(folder).batch([0, 1])
    assert batch["length"].tolist() == [4_000, 6_000]
    assert (batch["sound"][0, 4_000:] == 0).all()


def test_long_recordings_are_cut_into_equal_pieces_of_one_group(folder):
    sound(folder / "long.wav", noise(2.5))
    sound(folder / "short.wav", noise(1.0, seed=1))
    found = data.load(folder, Reading(seconds=1.0))
    assert found.id.tolist() == ["long.wav#0", "long.wav#1", "long.wav#2", "short.wav"]
    assert found.waves.length.tolist() == [16_000, 16_000, 16_000, 20_000]
    assert len(set(found.group[:3])) == 1
    np.testing.assert_allclose(found.batch([1])["sound"][0], noise(2.5)[16_000:32_000, 0], atol=1e-4)


def test_silent_pieces_are_left_out_and_counted(folder):
    wave = noise(3.0)
    wave[20_000:40_000] = 0
    sound(folder / "a.wav", wave)
    found = data.load(folder, Reading(seconds=1.0))
    assert found.id.tolist() == ["a.wav#0", "a.wav#2"]
    assert found.damage == (Damage("a.wav", "1 of 3 pieces are silent and left out", skipped=False),)


def test_what_cannot_be_used_is_named_and_the_others_are_loaded(folder):
    sounds(folder, "good.wav")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.mp3").write_text("no sound" * 100)
    sound(folder / "none.wav", noise(0))
    sound(folder / "brief.wav", noise(0.02))
    sound(folder / "silence.wav", np.zeros(20_000))
    sound(folder / "opposite.wav", noise(channels=1) * [1, -1])
    found = data.load(folder)
    assert found.id.tolist() == ["good.wav"]
    reasons = {each.name: each.reason for each in found.damage}
    assert reasons.pop("text.mp3").startswith("cannot be decoded")
    assert reasons == {
        "empty.wav": "the file is empty",
        "none.wav": "0.000 s long: wanted 0.05 s or more",
        "brief.wav": "0.020 s long: wanted 0.05 s or more",
        "silence.wav": "silent",
        "opposite.wav": "silent",
    }
    assert all(each.skipped for each in found.damage)


def test_a_damaged_end_is_told_and_the_rest_used(folder):
    file = io.BytesIO()
    soundfile.write(file, noise(2.0), 20_000, format="FLAC")
    (folder / "cut.flac").write_bytes(file.getvalue()[:40_000])
    found = data.load(folder)
    assert 5_000 < found.waves.length[0] < 40_000
    assert found.damage[0].reason.startswith("damaged after")
    assert not found.damage[0].skipped


def test_nothing_usable_is_an_error(folder):
    (folder / "a.wav").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 1 sounds .* such as a\.wav: the file is empty"):
        data.load(folder)


def test_unchanged_files_are_not_decoded_again(folder, monkeypatch):
    sounds(folder, "a.wav", "b.wav")
    first = data.load(folder)
    monkeypatch.setattr(cache, "_decode", lambda *_: pytest.fail("decoded again"))
    second = data.load(folder)
    assert first.fingerprint == second.fingerprint
    folder.rename(folder.parent / "moved")
    assert data.load(folder.parent / "moved").fingerprint == first.fingerprint


def test_takes_of_one_recording_are_never_parted(folder):
    for number in range(4):
        for take in "AB":
            sound(folder / "dog" / f"1-{number}-{take}-0.wav", noise(seed=10 * number + ord(take)))
            sound(folder / "rain" / f"2-{9 + number}-{take}-10.wav", noise(seed=100 * number + ord(take)))
    found = data.load(folder)
    assert len(set(found.group)) == 8
    parted = split(found, Folds(folds=2))
    assert not set(parted.train.group) & set(parted.test.group)


def test_equal_sounds_are_one_family(folder):
    sound(folder / "a.wav", noise(seed=1))
    soundfile.write(folder / "b.aiff", noise(seed=1), 20_000)
    sound(folder / "c.wav", noise(seed=2))
    families = data.load(folder).families()
    assert families[0] == families[1] != families[2]


def test_pictures_beside_sounds_do_not_matter(folder):
    sounds(folder, "a.wav", "b.wav")
    (folder / "cover.png").write_bytes(b"")
    assert data.source_of(folder) == "sound-folder"


def test_doctor_tells_seconds_rates_channels_silence_and_doubles(folder):
    sound(folder / "a" / "1.wav", noise(0.5, channels=2, rate=44_100), 44_100)
    sound(folder / "a" / "2.wav", noise(1.0, seed=1))
    sound(folder / "b" / "3.wav", noise(1.0, seed=1))
    sound(folder / "b" / "4.wav", np.zeros(8_000))
    found = examine(folder)
    assert found.recordings is not None
    assert found.recordings.rates == {20_000: 2, 44_100: 1}
    assert found.recordings.channels == {1: 2, 2: 1}
    assert found.recordings.seconds == pytest.approx(2.5, abs=1e-3)
    assert found.silent == ("b/4.wav",)
    text = render(found)
    assert "3 sounds of 3 recordings" in text
    assert "sounds: 2 s in all, from 0.50 s (a/1.wav) over 1.00 to 1.00 s; stored at 20000 Hz (2), 44100 Hz (1)" in text
    assert "silent, left out: 1\n  b/4.wav" in text
    assert "equal to another: 1\n  b/3.wav = a/2.wav" in text


@pytest.mark.slow
def test_memory_stays_flat_on_a_long_recording(folder):
    with soundfile.SoundFile(folder / "long.flac", "w", 8_000, 1) as file:
        for minute in range(40):
            file.write(noise(60.0, seed=minute, rate=8_000))
    tracemalloc.start()
    found = data.load(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.seconds.sum() == pytest.approx(2400, rel=0.01)
    assert peak < 20e6  # the samples alone are 192 MB
