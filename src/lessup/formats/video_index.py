"""What one pass over a video file finds: time and content of every frame, its sound, and damage.

The pass holds one frame at a time. With its result, ``video_window`` finds any frame again exactly.
"""

import hashlib
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.limits import check_pixels
from lessup.formats.video_file import Video, broken, library, opened, reason
from lessup.formats.video_pictures import shown_extent, stored_digest, turn

MOST_HOURS = 24
"""Longer files are refused: what declares or unpacks to more is broken, or is made to fill the memory."""

_SHARE_READ = 0.95
"""Of the seconds and frames that a header declares, what must be there."""

GAP_S = 0.05
"""Time stamps of sound that are off by more are a gap, which is silent; by less, they are rounded."""


@dataclass(frozen=True)
class SoundTrack:
    """The sound of a video.

    Attributes:
        rate: samples a second as stored, Hz.
        channels: as stored.
        start: number of its first sample, counted from the first frame of the video; negative if it begins earlier.
        length: samples, gaps included.
        peak: largest absolute value of the mean of its channels.
        anchor: number of a sample that begins a block.
        block: samples in each block but the first and the last; 0 if they differ.
        zero_s: time of the first frame of the video as the file counts it.
    """

    rate: int
    channels: int
    start: int
    length: int
    peak: float
    anchor: int
    block: int
    zero_s: float


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """A video of T frames.

    Attributes:
        stamp: (T,) int64 time stamps as stored; all 0 where they are missing or do not increase.
        time: (T,) float64 seconds since the first frame.
        digest: (T,) uint64, stands for the pixels of each frame as they are decoded.
        is_key: (T,) bool, whether decoding can begin at a frame.
        seconds: from the first frame to the end of the last.
        extent: height and width as shown: upright, with square pixels.
        turned: whether the file says that its frames are to be turned or mirrored.
        codec: of the pictures.
        num_streams: in the file, of any kind.
        sound: None if there is none that can be decoded.
        content: hexadecimal digits that are equal for equal frames with equal sound, in any container.
        notes: what is odd, in a few words each.
    """

    stamp: NDArray[np.int64]
    time: NDArray[np.float64]
    digest: NDArray[np.uint64]
    is_key: NDArray[np.bool_]
    seconds: float
    extent: tuple[int, int]
    turned: bool
    codec: str
    num_streams: int
    sound: SoundTrack | None
    content: str
    notes: tuple[str, ...] = ()

    @property
    def has_stamps(self) -> bool:
        """Whether frames can be told by their time stamps."""
        return len(self.stamp) == 1 or bool(self.stamp[-1] > self.stamp[0])

    @property
    def is_variable(self) -> bool:
        """Whether the time between frames varies by more than half, as phones and screen recorders have it."""
        between = np.diff(self.time)
        middle = np.median(between) if len(between) > 1 else 0.0
        return bool(middle) and bool(between.max() > 1.5 * middle or between.min() < 0.5 * middle)


def index(file: IO[bytes], *, max_megapixels: int) -> VideoIndex:
    """Decode a whole video once.

    Args:
        file: its bytes, at any place that can be sought.
        max_megapixels: larger pictures are refused before they are decoded.

    Raises:
        DataError: it cannot be opened, or has no picture that can be decoded; the message gives the reason alone.
        MissingExtraError: the extra ``video`` is not installed.
    """
    with opened(file, max_megapixels=max_megapixels) as video:
        if video.pictures is None:
            kinds = sorted({stream.type for stream in video.container.streams}) or ["nothing"]
            raise DataError(f"has no moving pictures: found {', '.join(kinds)}")
        frames, waves = _Frames(video.pictures), _Waves(video.sound)
        try:
            for frame in video.decoded(*(each for each in (video.pictures, video.sound) if each is not None)):
                if isinstance(frame, library().VideoFrame):
                    check_pixels(frame.width, frame.height, max_megapixels)
                    frames.add(frame)
                else:
                    waves.add(frame)
        except DataError:
            raise
        except broken() as error:
            raise DataError(f"cannot be decoded: {reason(error)}") from error
        return _finished(video, frames, waves)


class _Frames:
    """What is noted of the pictures."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.stamps: list[int | None] = []
        self.digests: list[bytes] = []
        self.keys: list[bool] = []
        self.extent, self.turned, self.last_s, self.num_flawed, self.angle = (0, 0), False, 0.0, 0, ""

    def add(self, frame: Any) -> None:
        if not self.stamps:
            self.extent = shown_extent(frame, self.stream.sample_aspect_ratio)
            facing = turn(frame)
            self.turned, self.angle = facing.is_turned, facing.note
        self.stamps.append(frame.pts)
        self.digests.append(stored_digest(frame))
        self.keys.append(bool(frame.key_frame))
        self.num_flawed += bool(frame.is_corrupt)
        self.last_s = float((frame.duration or 0) * frame.time_base) if frame.time_base else 0.0
        if len(self.stamps) > 1 and self.seconds(len(self.stamps) - 1) > 3600 * MOST_HOURS:
            raise DataError(f"lasts more than {MOST_HOURS} hours: cut it")

    def seconds(self, number: int) -> float:
        """Return when a frame is shown, by its stamp if it has one, else by the rate of the stream."""
        first, stamp = self.stamps[0], self.stamps[number]
        if first is None or stamp is None:
            return number / float(self.stream.average_rate or 25)
        return float((stamp - first) * self.stream.time_base)

    def times(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return (T,) stamps, 0 where they are of no use, and (T,) seconds."""
        number = np.arange(len(self.stamps))
        if None not in self.stamps:
            stamps = np.array(self.stamps, np.int64)
            if (np.diff(stamps) > 0).all():
                return stamps, (stamps - stamps[0]) * float(self.stream.time_base)
        return np.zeros(len(number), np.int64), number / float(self.stream.average_rate or 25)


class _Waves:
    """What is noted of the sound."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.digest = hashlib.blake2b(digest_size=16)
        self.rate, self.channels, self.peak, self.num_odd = 0, 0, 0.0, 0
        self.first_s, self.length, self.has_gaps = 0.0, 0, False
        self.lengths: list[int] = []
        self.sizes: set[int] = set()

    def add(self, frame: Any) -> None:
        wave = usable_mono(frame, self.rate or frame.sample_rate)
        if wave is None:
            self.num_odd += 1
            return
        if not self.rate:
            self.rate, self.channels, self.first_s = frame.sample_rate, frame.layout.nb_channels, float(frame.time or 0)
        if frame.time is not None:
            place = round((float(frame.time) - self.first_s) * self.rate)
            if place - self.length > GAP_S * self.rate:
                self.length, self.has_gaps = place, True
        if len(self.lengths) == 2:
            self.sizes.add(self.lengths.pop())
        self.lengths.append(len(wave))
        self.length += len(wave)
        self.peak = max(self.peak, float(np.abs(wave).max(initial=0.0)))
        self.digest.update(np.ascontiguousarray(wave).data)

    def track(self, zero_s: float) -> SoundTrack | None:
        """Return what was found, counted from a time in the file; None if nothing could be decoded."""
        if not self.length:
            return None
        start = round((self.first_s - zero_s) * self.rate)
        same = len(self.sizes) == 1 and not self.has_gaps
        return SoundTrack(
            rate=self.rate,
            channels=self.channels,
            start=start,
            length=self.length,
            peak=self.peak,
            anchor=start + self.lengths[0],
            block=next(iter(self.sizes)) if same else 0,
            zero_s=zero_s,
        )


def usable_mono(frame: Any, rate: int) -> NDArray[np.float32] | None:
    """Return the mean of the channels of a frame of sound, or None if it cannot be used.

    Args:
        frame: of PyAV.
        rate: samples a second that it must have.

    Returns:
        (T,) float32, -1 to 1 unless stored beyond.
    """
    try:
        samples = frame.to_ndarray()
    except broken():
        return None
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    middle = 128 if samples.dtype == np.uint8 else 0
    largest = {"u": 128.0, "i": 2.0 ** (8 * samples.dtype.itemsize - 1), "f": 1.0}[samples.dtype.kind]
    mean: NDArray[np.float64] = (samples.mean(axis=0, dtype=np.float64) - middle) / largest
    return mean.astype(np.float32) if frame.sample_rate == rate and np.isfinite(mean).all() else None


def _finished(video: Video, frames: _Frames, waves: _Waves) -> VideoIndex:
    if not frames.stamps:
        problem = video.problem or f"{video.num_damaged} parts cannot be decoded"
        raise DataError(f"not one picture can be decoded: {problem}")
    stamp, time = frames.times()
    between = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    seconds = float(time[-1]) + (frames.last_s or between)
    first = frames.stamps[0]
    sound = waves.track(float(first * frames.stream.time_base) if first is not None else 0.0)
    whole = hashlib.blake2b(b"".join(frames.digests), digest_size=16)
    whole.update(waves.digest.digest())
    return VideoIndex(
        stamp=stamp,
        time=time,
        digest=np.frombuffer(b"".join(frames.digests), np.uint64),
        is_key=np.array(frames.keys),
        seconds=seconds,
        extent=frames.extent,
        turned=frames.turned,
        codec=str(frames.stream.codec_context.name),
        num_streams=len(video.container.streams),
        sound=sound,
        content=whole.hexdigest(),
        notes=tuple(_notes(video, frames, waves, seconds, sound)),
    )


def _notes(video: Video, frames: _Frames, waves: _Waves, seconds: float, sound: SoundTrack | None) -> list[str]:
    notes = [frames.angle] if frames.angle else []
    heard = (sound.start + sound.length) / sound.rate if sound else 0.0
    declared, read = float(video.container.duration or 0) / 1e6, max(seconds, heard)
    if frames.stream.duration:
        declared, read = float(frames.stream.duration * frames.stream.time_base), seconds
    if video.problem:
        notes.append(f"damaged after {seconds:.2f} s: {video.problem}")
    elif read < _SHARE_READ * declared - 0.1:
        notes.append(f"damaged: ends after {read:.2f} s of {declared:.2f} s")
    elif len(frames.stamps) < _SHARE_READ * frames.stream.frames - 1:
        notes.append(f"damaged: {len(frames.stamps)} frames of {frames.stream.frames}")
    if video.num_damaged:
        notes.append(f"damaged: {video.num_damaged} parts are incomplete or cannot be decoded")
    if frames.num_flawed:
        notes.append(f"{frames.num_flawed} of {len(frames.stamps)} frames are flawed")
    if waves.num_odd:
        notes.append(f"{waves.num_odd} parts of the sound cannot be used")
    if waves.stream is not None and sound is None:
        notes.append("its sound cannot be decoded")
    return notes
