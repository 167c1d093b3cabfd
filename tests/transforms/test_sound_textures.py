import math

import numpy as np
import pytest
import scipy.signal
import torch

from lessup.errors import ShapeError
from lessup.transforms.sound_textures import (
    MODULATIONS,
    PARTS,
    RATE,
    cochleagram,
    cochlear_filters,
    modulation_filters,
    sound_textures,
)

EPSILON = np.finfo(np.float32).eps


def erb(frequency):
    return 9.265 * np.log(1 + frequency / (24.7 * 9.265))


def slow_textures(sound):
    """The statistics of one sound, band after band in float64: filtered, Hilbert-transformed and resampled by SciPy."""
    num = len(sound) // 50 * 50
    sound = sound[:num].astype(np.float64)
    spectrum = np.fft.rfft(sound / np.sqrt(np.mean(sound**2)))
    place = erb(np.fft.rfftfreq(num, 1 / 20_000))
    edges = [erb(20) + k * (erb(10_000) - erb(20)) / 31 for k in range(32)]
    gains = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        inside = (place > low) & (place < high)
        gains.append(np.where(inside, np.cos(np.pi * (place - middle) / (high - low)), 0))
    lowest = np.where(place < edges[1], np.sqrt(1 - gains[0] ** 2), 0)
    highest = np.where(place > edges[30], np.sqrt(1 - gains[-1] ** 2), 0)
    envelopes = []
    for gain in (lowest, *gains, highest):
        amplitude = np.abs(scipy.signal.hilbert(np.fft.irfft(gain * spectrum, num)))
        envelopes.append(scipy.signal.resample(np.hypot(amplitude, 1e-4) ** 0.3, num // 50))
    mean = np.array([each.mean() for each in envelopes])
    variance = np.array([each.var() for each in envelopes])
    pairs = [(i, i + offset) for offset in (1, 2, 3, 5) for i in range(32 - offset)]
    correlation = [np.corrcoef(envelopes[i], envelopes[j])[0, 1] for i, j in pairs]
    modulation = [slow_modulation(each) for each in envelopes]
    loudness = np.median([np.linalg.norm(column) for column in np.array(envelopes).T])
    return np.concatenate(
        [mean, np.sqrt(variance / (mean**2 + EPSILON)), correlation, np.concatenate(modulation), [loudness]]
    )


def slow_modulation(envelope):
    frequency = np.fft.rfftfreq(len(envelope), 1 / 400)
    centres = [2 ** (-1 + k * np.log2(400) / 9) for k in range(10)]
    gains = [
        np.where(frequency < 2 * centre, np.cos(np.pi * (frequency - centre) / (2 * centre)), 0) for centre in centres
    ]
    middle = (frequency >= centres[3]) & (frequency <= centres[6])
    scale = np.sqrt(sum(gain**2 for gain in gains)[middle].mean())
    powers = [np.mean(np.fft.irfft(np.fft.rfft(envelope) * g / scale, len(envelope)) ** 2) for g in gains]
    return np.sqrt(np.array(powers) / (envelope.var() + EPSILON))


def noise(seconds=2.0, seed=0):
    return np.random.default_rng(seed).normal(size=int(seconds * RATE))


def seconds_of(sound):
    return np.arange(len(sound)) / RATE


def part(textures, name):
    return textures[..., PARTS[name]].reshape(*textures.shape[:-1], -1).numpy()


def textures_of(sound):
    return sound_textures(torch.from_numpy(np.asarray(sound))[None])[0]


def clips():
    white = noise()
    modulated = white * (1 + np.sin(2 * np.pi * 8 * seconds_of(white)))
    pink = np.cumsum(white) - np.linspace(0, white.sum(), len(white))
    clicks = np.where(np.arange(len(white)) % 2001 < 20, white, 0)
    half_silent = np.where(seconds_of(white) < 0.2, white, 0)
    return {"white": white, "modulated": modulated, "pink": pink, "clicks": clicks, "half silent": half_silent}


@pytest.mark.parametrize("name", clips())
@pytest.mark.parametrize("length", [12_049, 10_050])
def test_statistics_equal_those_of_a_slow_reference(name, length):
    sound = 0.1 * clips()[name][:length]
    wanted = slow_textures(sound)
    for dtype in (torch.float64, torch.float32):
        found = sound_textures(torch.from_numpy(sound).to(dtype)[None])[0]
        assert found.dtype == dtype
        np.testing.assert_allclose(found.numpy(), wanted, atol=1e-4, rtol=0)


def test_level_changes_nothing():
    sounds = torch.from_numpy(noise())[None] * torch.tensor([1e-3, 0.1, 1.0, 30_000.0])[:, None]
    found = sound_textures(sounds)
    np.testing.assert_allclose(found, found[:1].expand(4, -1), atol=1e-9)


def test_statistics_do_not_depend_on_the_other_sounds_of_a_batch():
    sounds = torch.from_numpy(np.stack([noise(seed=seed) for seed in range(3)]))
    alone = torch.cat([sound_textures(sound[None]) for sound in sounds])
    np.testing.assert_allclose(sound_textures(sounds), alone, atol=1e-12)


def test_turning_a_sound_around_changes_neither_mean_nor_modulation():
    sound = noise()
    forward, backward = textures_of(sound), textures_of(sound[::-1].copy())
    np.testing.assert_allclose(forward, backward, atol=2e-2)
    np.testing.assert_allclose(part(forward, "mean"), part(backward, "mean"), atol=1e-4)


def test_bands_of_white_noise_grow_with_their_width_and_are_hardly_correlated():
    found = textures_of(noise(4))
    mean = part(found, "mean")[1:-1]
    width = np.diff(24.7 * 9.265 * np.expm1(np.linspace(erb(20), erb(10_000), 32) / 9.265))
    widths = width[:-1] + width[1:]
    # A band of Gaussian noise has amplitudes whose squares are exponential, of mean twice the band's power.
    expected = math.gamma(1.15) * (2 * widths / 2 / 10_000) ** 0.15
    np.testing.assert_allclose(mean, expected, rtol=0.05)
    assert np.abs(part(found, "correlation")[31 + 30 :]).max() < 0.25  # bands three and five apart do not overlap


def test_pure_tone_lies_in_the_two_bands_around_it_and_stands_still():
    tone = np.sin(2 * np.pi * 1000 * seconds_of(noise()))
    found = textures_of(tone)
    mean = part(found, "mean")
    place = (erb(1000) - erb(20)) / (erb(10_000) - erb(20)) * 31
    assert set(np.argsort(mean)[-2:]) == {int(place), int(place) + 1}
    # a sine of root mean square 1 has the amplitude root of 2, times the gain
    gain = np.cos(np.pi / 2 * (place - int(place)))
    np.testing.assert_allclose(mean[int(place)], (2**0.5 * gain) ** 0.3, rtol=1e-6)
    assert part(found, "spread").max() < 1e-6
    assert (part(found, "correlation") == 0).all()
    assert np.delete(mean, [int(place), int(place) + 1]).max() == pytest.approx(1e-4**0.3)


def test_noise_modulated_at_8_hz_has_its_power_in_the_band_of_8_hz():
    white = noise(4)
    modulated = white * (1 + np.sin(2 * np.pi * 8 * seconds_of(white)))
    nearest = int(np.argmin(np.abs(np.log2(np.array(MODULATIONS) / 8))))
    power = part(textures_of(modulated), "modulation").reshape(32, 10)
    assert (power[8:].argmax(1) == nearest).all()
    plain = part(textures_of(white), "modulation").reshape(32, 10)
    assert (power[8:, nearest] > 2 * plain[8:, nearest]).all()


def test_squared_gains_of_cochlear_filters_sum_to_one():
    power = cochlear_filters(20_000).square().sum(0)
    np.testing.assert_allclose(power, 1, atol=1e-12)


def test_modulation_filters_peak_at_their_centres():
    peaks = modulation_filters(40_000).argmax(1) * 400 / 40_000
    np.testing.assert_allclose(peaks, MODULATIONS, atol=0.011)
    np.testing.assert_allclose(MODULATIONS, 0.5 * 400 ** (np.arange(10) / 9), rtol=1e-6)


def test_silence_gives_finite_numbers():
    assert torch.isfinite(sound_textures(torch.zeros(2, 2000))).all()


def test_parts_cover_all_statistics_once():
    covered = np.concatenate([np.arange(502)[each] for each in PARTS.values()])
    np.testing.assert_array_equal(covered, np.arange(502))


@pytest.mark.parametrize("shape", [(20_000,), (1, 999), (1, 1, 20_000)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match="wanted"):
        cochleagram(torch.zeros(shape))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_agrees_with_cpu():
    sound = torch.from_numpy(noise())[None].float()
    np.testing.assert_allclose(sound_textures(sound.cuda()).cpu(), sound_textures(sound), atol=1e-4)
