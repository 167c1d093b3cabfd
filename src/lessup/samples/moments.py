"""Where frames that are images were taken from, and what is heard around them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lessup.formats.video_index import SoundTrack
from lessup.samples.clips import Clips
from lessup.transforms.sound_textures import RATE

DEFAULT_SECONDS = 3.75
"""Sound around a frame where ``Reading.seconds`` is 0, as Owens et al., *Ambient Sound*, 2016."""


@dataclass(frozen=True, eq=False)
class Moments:
    """The moments of clips at which N frames are shown.

    Attributes:
        clips: M clips.
        clip: (N,) int64, which of them each frame is of.
        second: (N,) float64, since the first frame of that clip.
        texture: (N, 502) float32 textures of the sound around each frame, see ``sound_textures``; NaN where nothing is
            heard; None where they were not measured.
    """

    clips: Clips
    clip: NDArray[np.int64]
    second: NDArray[np.float64]
    texture: NDArray[np.float32] | None = None

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the moments at ``indices`` alone."""
        texture = None if self.texture is None else self.texture[indices]
        return replace(self, clip=self.clip[indices], second=self.second[indices], texture=texture)

    @classmethod
    def joined(cls, parts: Sequence["Moments"]) -> "Moments":
        """Return moments of the same clips, part after part."""
        textures = [part.texture for part in parts if part.texture is not None]
        return replace(
            parts[0],
            clip=np.concatenate([part.clip for part in parts]),
            second=np.concatenate([part.second for part in parts]),
            texture=np.concatenate(textures) if textures else None,
        )

    def sound(self, index: int, *, rate: int = RATE) -> NDArray[np.float32]:
        """Return the sound around one frame.

        Args:
            index: of the frame.
            rate: samples a second, Hz.

        Returns:
            (T,) float32, the mean of all channels; T = 0 where the clip has no sound.

        Raises:
            DataError: the clip cannot be read any more.
        """
        number = int(self.clip[index])
        track = self.clips.clips[number].index.sound
        if track is None:
            return np.zeros(0, np.float32)
        start, seconds = around(track, float(self.second[index]), self.clips.reading.seconds or DEFAULT_SECONDS)
        return self.clips.sound(number, start_s=start, seconds=seconds, rate=rate)


def around(track: SoundTrack, second: float, seconds: float) -> tuple[float, float]:
    """Return start and length, in seconds, of the sound around a moment.

    Near the ends of the sound the window is moved inwards, and a sound that is shorter is taken as a whole: silence
    that is put at its end would be heard as part of it.

    Args:
        track: the sound of a clip.
        second: the moment, since the first frame of the clip.
        seconds: length that is wanted.
    """
    begin, length = track.start / track.rate, track.length / track.rate
    taken = min(seconds, length)
    return min(max(second - taken / 2, begin), begin + length - taken), taken
