"""The sound textures of all sounds of a set."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.samples.sounds import Sounds
from lessup.transforms.sound_textures import NUM_STATISTICS, sound_textures

_BATCH_SAMPLES = 1_200_000
"""Of all sounds that are measured at once: a minute, for which 100 MB are needed."""


def texture_table(sounds: Sounds, *, device: str = "cpu") -> NDArray[np.float32]:
    """Measure every sound as a whole; those of one length are measured together.

    Args:
        sounds: N sounds.
        device: where to.

    Returns:
        (N, 502) float32, see ``sound_textures``.
    """
    table = np.empty((len(sounds), NUM_STATISTICS), np.float32)
    for chosen in _of_one_length(sounds.waves.length):
        sound = sounds.batch(chosen)["sound"].to(torch.device(device))
        table[chosen] = sound_textures(sound).cpu().numpy()
    return table


def _of_one_length(length: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of sounds of one length, no more than make a batch."""
    for each in np.unique(length):
        chosen = np.flatnonzero(length == each)
        most = max(_BATCH_SAMPLES // int(each), 1)
        yield from (chosen[start : start + most] for start in range(0, len(chosen), most))
