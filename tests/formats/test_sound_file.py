import io

import numpy as np
import pytest
import scipy.signal

from lessup.errors import DataError, MissingExtraError
from lessup.formats import sound_file
from lessup.formats.sound_file import opened

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")


def encoded(wave, rate=20_000, kind="WAV", **settings):
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format=kind, **settings)
    return file.getvalue()


def noise(seconds=1.0, rate=20_000, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (int(seconds * rate), channels)).astype(np.float32)


def tone(seconds, rate, frequency=440.0):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate).astype(np.float32)


def decoded(content, rate=20_000):
    with opened(io.BytesIO(content)) as recording:
        return np.concatenate(list(recording.blocks(rate))), recording


def test_samples_of_a_float_file_at_the_wanted_rate_come_back_unchanged():
    wave = noise(5.0)  # more than one block
    found, recording = decoded(encoded(wave, subtype="FLOAT"))
    np.testing.assert_allclose(found, wave[:, 0], atol=1e-6)
    assert (recording.rate, recording.channels, recording.notes) == (20_000, 1, [])
    assert recording.seconds == pytest.approx(5.0)


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_averaged(channels):
    wave = noise(channels=channels)
    found, recording = decoded(encoded(wave, subtype="FLOAT"))
    np.testing.assert_allclose(found, wave.mean(1), atol=1e-6)
    assert recording.channels == channels


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_a_tone_keeps_its_frequency_at_any_rate(rate, kind):
    found, _ = decoded(encoded(tone(4.0, rate), rate, kind))
    np.testing.assert_allclose(len(found), 80_000, atol=2)
    middle = slice(2_000, -2_000)
    np.testing.assert_allclose(found[middle], tone(4.0, 20_000)[: len(found)][middle], atol=2e-3)


@pytest.mark.parametrize("kind", ["OGG", "MP3"])
def test_lossy_kinds_keep_a_tone(kind):
    found, _ = decoded(encoded(tone(2.0, 44_100), 44_100, kind))
    frequency, power = scipy.signal.periodogram(found, 20_000)
    assert frequency[power.argmax()] == pytest.approx(440, abs=1)
    assert len(found) == pytest.approx(40_000, rel=0.02)


def test_what_comes_before_damage_is_kept():
    content = encoded(noise(3.0), kind="FLAC")
    found, recording = decoded(content[: len(content) // 2])
    assert 0 < len(found) < 60_000
    assert recording.notes[0].startswith("damaged after ")


def test_an_mp3_that_ends_early_says_so():
    content = encoded(noise(3.0, 44_100), 44_100, "MP3")
    found, recording = decoded(content[: len(content) // 2])
    assert len(found) < 50_000
    assert recording.notes[0].startswith("damaged after 1.")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "the file is empty"), (b"no sound at all" * 50, "cannot be decoded"), (encoded(noise())[:40], "decoded")],
)
def test_what_is_no_sound_is_refused(content, reason):
    with pytest.raises(DataError, match=reason), opened(io.BytesIO(content)):
        pass


def test_numbers_that_are_not_finite_are_refused():
    wave = noise()
    wave[500] = np.nan
    with pytest.raises(DataError, match="not finite"):
        decoded(encoded(wave, subtype="FLOAT"))


def test_endless_files_are_refused(monkeypatch):
    monkeypatch.setattr(sound_file, "MOST_HOURS", 1 / 3600)
    with pytest.raises(DataError, match="cut it"):
        decoded(encoded(noise(5.0)))


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soxr", None)
    with pytest.raises(MissingExtraError, match=r"lessup\[sound\]"), opened(io.BytesIO(b"x")):
        pass
