"""Sound files, decoded block by block: WAV, FLAC, Ogg (Vorbis and Opus), MP3, AIFF and AU, of any rate and channels.

The libraries are soundfile, which brings libsndfile, and soxr: ``pip install 'lessup[sound]'``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, MissingExtraError

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au")
"""Endings of the files that are read as sounds."""

MOST_HOURS = 24
"""Longer files are refused: what declares or unpacks to more is broken, or is made to fill the disk."""

_BLOCK = 1 << 12
"""Samples of every channel that are decoded at a time; where a block is damaged, so many are lost."""

_SHARE_READ = 0.98
"""Of the samples that a header declares, what must be there; that of an MP3 may be an estimate."""


@dataclass
class Recording:
    """A sound file that is being decoded.

    Attributes:
        rate: samples a second as stored, Hz.
        channels: as stored.
        seconds: as decoded so far.
        notes: what is odd, complete when all has been read.
    """

    rate: int
    channels: int
    seconds: float
    notes: list[str]
    _file: Any

    def blocks(self, rate: int) -> Iterator[NDArray[np.float32]]:
        """Yield the mean of the channels, block after block, each (T,) float32 in -1 to 1, or beyond where stored so.

        Where the file ends in damage, what comes before it is yielded.

        Args:
            rate: samples a second that are wanted, Hz.

        Raises:
            DataError: it lasts too long, or holds numbers that are not finite.
        """
        import soxr

        stream = soxr.ResampleStream(self.rate, rate, 1, dtype="float32")
        for block in self._decoded():
            if not np.isfinite(block).all():
                raise DataError("holds numbers that are not finite")
            self.seconds += len(block) / self.rate
            if self.seconds > 3600 * MOST_HOURS:
                raise DataError(f"lasts more than {MOST_HOURS} hours: cut it")
            yield stream.resample_chunk(block.mean(1, dtype=np.float32))
        yield stream.resample_chunk(np.empty(0, np.float32), last=True)

    def _decoded(self) -> Iterator[NDArray[np.float32]]:
        """Yield (T, channels) blocks as stored, until the end or damage."""
        import soundfile

        buffer = np.empty((_BLOCK, self.channels), np.float32)
        problem = ""
        num_read = 0
        while True:
            try:
                block = self._file.read(out=buffer)
            except soundfile.LibsndfileError as error:
                problem = f": {error.error_string.strip().removeprefix('Error : ').rstrip('.')}"
                break
            if not len(block):
                break
            num_read += len(block)
            yield block
        if problem or num_read < _SHARE_READ * self._file.frames:
            self.notes.append(f"damaged after {num_read / self.rate:.2f} s{problem}")


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Recording]:
    """Open a sound file to decode it.

    Args:
        file: its bytes, at any place that can be sought.

    Raises:
        DataError: it is empty, damaged, or of another kind; the message gives the reason alone.
        MissingExtraError: the extra ``sound`` is not installed.
    """
    soundfile = _library()
    if not file.read(1):
        raise DataError("the file is empty")
    file.seek(0)
    try:
        sound = soundfile.SoundFile(file)
    except soundfile.LibsndfileError as error:
        raise DataError(f"cannot be decoded: {error.error_string.strip().rstrip('.')}") from error
    with sound:
        yield Recording(sound.samplerate, sound.channels, 0.0, [], sound)


def _library() -> Any:
    """Import soundfile.

    Raises:
        MissingExtraError: it, or soxr, is not installed.
    """
    try:
        import soundfile
        import soxr  # noqa: F401
    except (ImportError, OSError) as error:
        raise MissingExtraError("sounds need the packages soundfile and soxr: pip install 'lessup[sound]'") from error
    return soundfile
