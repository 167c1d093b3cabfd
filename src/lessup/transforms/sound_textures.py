"""Sound textures: statistics of a sound over time that say what is heard, whenever in the sound it happens.

Source: Josh McDermott, Eero Simoncelli, *Sound Texture Perception via Statistics of the Auditory Periphery*, 2011, in
the reduced set of Andrew Owens, Jiajun Wu, Josh McDermott, William Freeman, Antonio Torralba, *Ambient Sound Provides
Supervision for Visual Learning*, 2016, <https://arxiv.org/abs/1608.07017>. The constants are those of Owens' code.

    sound -> cochlear bands -> envelope of each, compressed -> 400 numbers a second -> 502 statistics

Differs from the paper: the level is taken out by dividing the sound by its root mean square, which the code offers,
and not by dividing envelopes by their loudness, which is next to nothing for a sound that is silent for more than half
of the time. Differs from both: amplitudes have a floor 80 dB below the sound, ``FLOOR``; without it rounding errors
decide what silence is.
"""

from functools import lru_cache

import torch
from torch import Tensor

from lessup.errors import ShapeError

RATE = 20_000
"""Samples a second of the sounds that are measured, Hz."""

ENVELOPE_RATE = 400
"""Numbers a second of a cochleagram, Hz."""

NUM_BANDS = 32
"""F: 30 bands between ``LOWEST`` and ``HIGHEST``, one below and one above."""

LOWEST, HIGHEST = 20.0, 10_000.0
"""Hz between which the bands lie, equally wide on the ear's scale."""

COMPRESSION = 0.3
"""Power of amplitudes, as the inner ear compresses them."""

FLOOR = 1e-4
"""Least amplitude, relative to the root mean square of the sound: it is added, as noise would be, to every band's."""

OFFSETS = (1, 2, 3, 5)
"""Bands are correlated with those so far above."""

MODULATIONS = tuple(float(rate) for rate in torch.logspace(-1, 7.643856, 10, base=2, dtype=torch.float64))
"""Hz, centres of the bands of modulation: 0.5 to 200, equally far apart by ratio."""

_CENTRAL = slice(3, 7)
"""The modulations between whose centres the filters' summed power is 1 on average."""

PARTS = {
    "mean": slice(0, 32),
    "spread": slice(32, 64),
    "correlation": slice(64, 181),
    "modulation": slice(181, 501),
    "loudness": slice(501, 502),
}
"""Where each group of statistics stands among the 502."""

NUM_STATISTICS = 502

_EPSILON = float(torch.finfo(torch.float32).eps)
"""Added to what is divided by, as in Owens' code."""

_STILL = 1e-4
"""Standard deviation over mean at which a band does not vary but for rounding in single precision."""

_STEP = RATE // ENVELOPE_RATE


def sound_textures(sound: Tensor) -> Tensor:
    """Measure the 502 statistics of each sound.

    Args:
        sound: (B, T) at ``RATE``, in any unit; of 0.05 s or more; a rest below 2.5 ms is left out.

    Returns:
        (B, 502) on the device and of the type of ``sound``; ``PARTS`` says which is which. They are the same
        at any level.

    Raises:
        ShapeError: the sounds have another shape, or are shorter.

    >>> sound_textures(torch.sin(torch.arange(20_000.0) / 5)[None]).shape
    torch.Size([1, 502])
    """
    return texture_statistics(cochleagram(sound))


def cochleagram(sound: Tensor) -> Tensor:
    """Return what the inner ear makes of sounds: the compressed envelope of each band of frequencies.

    Args:
        sound: (B, T) at ``RATE``, T >= 1000; T is cut to a multiple of 50.

    Returns:
        (B, F, T / 50) at ``ENVELOPE_RATE``, of sounds of root mean square 1, about 0 or more; from low to high bands.

    Raises:
        ShapeError: the sounds have another shape, or are shorter.

    Source: McDermott and Simoncelli 2011, Auditory Model; the bands are taken from the spectrum.
    """
    if sound.ndim != 2 or sound.shape[1] < RATE // 20:
        raise ShapeError(f"sounds of shape {tuple(sound.shape)}: wanted (B, T), T >= {RATE // 20} samples at {RATE} Hz")
    sound = sound[:, : sound.shape[1] // _STEP * _STEP]
    spectrum = _analytic_spectrum(_of_one_level(sound))
    bands = _bands(sound.shape[1], sound.dtype, str(sound.device))
    parts = (spectrum[:, passed] * gain for passed, gain in bands)  # (B, W) of each band
    return torch.stack([_envelope(part, sound.shape[1]) for part in parts], 1)  # (B, F, T / 50)


def texture_statistics(cochleagram: Tensor) -> Tensor:
    """Measure the statistics of envelopes, each a plain average over time.

    Args:
        cochleagram: (B, F, T) at ``ENVELOPE_RATE``.

    Returns:
        (B, 502): of every band the mean and the standard deviation over the mean; correlations of bands, those one
        apart first, 0 where a band does not vary; of every band the share of each modulation in its standard
        deviation; the loudness, which is the median over time of the bands' root sum of squares.

    Source: McDermott and Simoncelli 2011, Texture Statistics; Owens et al. 2016, section 3.
    """
    mean, variance = cochleagram.mean(2), cochleagram.var(2, correction=0)  # (B, F)
    spread = (variance / (mean.square() + _EPSILON)).sqrt()
    unit = (cochleagram - mean[:, :, None]) / variance.sqrt()[:, :, None]
    unit = unit.where((spread > _STILL)[:, :, None], 0)
    parts = (
        mean,
        spread,
        torch.cat([(unit[:, :-offset] * unit[:, offset:]).mean(2) for offset in OFFSETS], 1),  # (B, 117)
        _modulations(cochleagram, variance).flatten(1),
        torch.linalg.vector_norm(cochleagram, dim=1).quantile(0.5, dim=1)[:, None],
    )
    return torch.cat(parts, 1)


def cochlear_filters(num_samples: int) -> Tensor:
    """Return the gain of every band at every frequency of a spectrum: half a period of a cosine on the ear's scale.

    Neighbours overlap by half, and the squares of all gains sum to 1 at every frequency.

    Args:
        num_samples: T of the sound.

    Returns:
        (F, T / 2 + 1) float64, 0 to 1, at frequencies from 0 to half of ``RATE``.

    Source: McDermott and Simoncelli 2011, Auditory Model.
    """
    lowest, highest = _erb(torch.tensor([LOWEST, HIGHEST])).tolist()
    edges = torch.linspace(lowest, highest, NUM_BANDS, dtype=torch.float64)
    place = _erb(_frequencies(num_samples, RATE))
    spacing = edges[1] - edges[0]
    bands = _half_cosine((place - edges[1:-1, None]) / (2 * spacing))  # (30, T / 2 + 1)
    below = torch.where(place < edges[1], (1 - bands[0].square()).sqrt(), 0)
    above = torch.where(place > edges[-2], (1 - bands[-1].square()).sqrt(), 0)
    return torch.cat([below[None], bands, above[None]])


def modulation_filters(num_samples: int) -> Tensor:
    """Return the gain of every band of modulation: half a period of a cosine, as wide as twice its centre.

    Args:
        num_samples: T of the envelope.

    Returns:
        (10, T / 2 + 1) float64, at frequencies from 0 to half of ``ENVELOPE_RATE``.

    Source: McDermott and Simoncelli 2011, Auditory Model; 10 bands of constant quality 1 as in Owens' code.
    """
    frequency = _frequencies(num_samples, ENVELOPE_RATE)
    centre = torch.tensor(MODULATIONS, dtype=torch.float64)[:, None]
    gain = _half_cosine((frequency - centre) / (2 * centre))
    power = gain.square().sum(0)
    central = centre[_CENTRAL]
    scaled: Tensor = gain / power[(frequency >= central[0]) & (frequency <= central[-1])].mean().sqrt()
    return scaled


@lru_cache(maxsize=8)
def _bands(num_samples: int, dtype: torch.dtype, device: str) -> tuple[tuple[slice, Tensor], ...]:
    """Return which frequencies of a spectrum each band passes, and its (W,) gain there."""
    bands = []
    for gain in cochlear_filters(num_samples):
        passed = torch.nonzero(gain)[:, 0]
        frequencies = slice(int(passed[0]), int(passed[-1]) + 1)
        bands.append((frequencies, gain[frequencies].to(device, dtype)))
    return tuple(bands)


def _of_one_level(sound: Tensor) -> Tensor:
    """Return (B, T) sounds of root mean square 1; silence stays silence."""
    level = sound.square().mean(1, keepdim=True).sqrt()
    return sound / level.where(level > 0, 1)


def _analytic_spectrum(sound: Tensor) -> Tensor:
    """Return (B, T / 2 + 1) the spectrum of the signals whose magnitudes are the envelopes of the sounds."""
    spectrum: Tensor = torch.fft.rfft(sound, norm="forward")
    spectrum[:, 1 : (sound.shape[1] + 1) // 2] *= 2
    return spectrum


def _envelope(part: Tensor, num_samples: int) -> Tensor:
    """Return (B, T / 50) the compressed envelope of a band of sounds of T samples.

    Args:
        part: (B, W) the band's part of the analytic spectrum; moved down to frequency 0, it has the same magnitude.
        num_samples: T.
    """
    signal = torch.fft.ifft(part, n=num_samples, norm="forward")
    power = signal.real.square() + signal.imag.square() + FLOOR**2
    return _resampled(power ** (COMPRESSION / 2), num_samples // _STEP)


def _resampled(envelope: Tensor, num_samples: int) -> Tensor:
    """Return (B, T) what changes more slowly than half of the new rate in (B, more than T) envelopes, at that rate."""
    kept = torch.fft.rfft(envelope, norm="forward")[:, : num_samples // 2 + 1]
    if num_samples % 2 == 0:
        kept[:, -1] *= 2  # of the pair of frequencies that become one, rfft holds one alone
    resampled: Tensor = torch.fft.irfft(kept, n=num_samples, norm="forward")
    return resampled


def _modulations(envelope: Tensor, variance: Tensor) -> Tensor:
    """Return (B, F, 10) the root of the share of each band of modulation in the variance of (B, F, T) envelopes."""
    num_samples = envelope.shape[2]
    filters = modulation_filters(num_samples).to(envelope.device, envelope.dtype)
    power = torch.fft.rfft(envelope, norm="forward").abs().square()  # (B, F, T / 2 + 1)
    power[..., 1 : (num_samples + 1) // 2] *= 2
    passed = power @ filters.square().T  # (B, F, 10), by Parseval's theorem the mean square of each filtered envelope
    share: Tensor = (passed / (variance + _EPSILON)[:, :, None]).sqrt()
    return share


def _half_cosine(place: Tensor) -> Tensor:
    """Return cos(pi x) for |x| < 1/2, else 0."""
    return torch.where(place.abs() < 0.5, torch.cos(torch.pi * place), 0)


def _erb(frequency: Tensor) -> Tensor:
    """Return Hz in widths of the ear's filters. Source: Glasberg and Moore 1990, as Owens' code has it."""
    return 9.265 * torch.log1p(frequency.double() / (24.7 * 9.265))


def _frequencies(num_samples: int, rate: int) -> Tensor:
    frequencies: Tensor = torch.fft.rfftfreq(num_samples, 1 / rate, dtype=torch.float64)
    return frequencies
