"""Parts of a video, found by what ``video_index`` knows of it: exactly what decoding from its start gives."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.video_file import Video, library
from lessup.formats.video_index import GAP_S, SoundTrack, VideoIndex, usable_mono
from lessup.formats.video_pictures import pixels, stored_digest

_BACK = (0, 1, 4)
"""Key frames before the nearest one from which decoding is tried, before it begins at the start of the file."""

_BEFORE_S = 1.0
"""Seconds of sound that are decoded before what is wanted: what a decoder gives first after a jump is not whole."""

_TAPS = 64
"""Samples on both sides, at the lower of two rates, that a resampled one may depend on."""


def pictures(
    video: Video, index: VideoIndex, numbers: Sequence[int], *, size: int, channels: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield some frames of a video; one is held at a time.

    A jump to a key frame is trusted only as far as the frames decoded after it are those that ``index`` has seen;
    where they are not, or the container cannot be sought, the file is decoded from an earlier place.

    Args:
        video: the opened file.
        index: of the same file.
        numbers: frames from 0 to T - 1, none before the one that precedes it in this list.
        size: pixels on the short side of a reduced frame; smaller ones stay as they are.
        channels: 3 for RGB, 1 for grey.

    Yields:
        (H, W, C) uint8, upright.

    Raises:
        DataError: a frame is not there, or not what it was; the message gives the reason alone.
    """
    run: Iterator[tuple[int, Any]] = iter(())
    last, shown = -1, np.empty(0, np.uint8)
    for number in numbers:
        if not max(last, 0) <= number < len(index.time):
            raise DataError(f"frame {number} asked for after {last}: wanted rising numbers below {len(index.time)}")
        if number != last:
            frame, run = _found(video, index, run, last, number)
            shown = pixels(frame, index.extent, size=size, channels=channels)
            last = number
        yield shown


def _found(
    video: Video, index: VideoIndex, run: Iterator[tuple[int, Any]], last: int, number: int
) -> tuple[Any, Iterator[tuple[int, Any]]]:
    """Return a frame and the run of frames that goes on after it."""
    keys = np.flatnonzero(index.is_key[: number + 1])
    if last >= 0 and not (keys > last + 1).any():
        frame = _reached(run, index, number)
        if frame is not None:
            return frame, run
    for back in _BACK if index.has_stamps else ():
        if back >= len(keys) or keys[-1 - back] == 0:
            break
        run = _from_key(video, index, int(keys[-1 - back]))
        frame = _reached(run, index, number)
        if frame is not None:
            return frame, run
    video.rewind()
    run = enumerate(video.decoded(video.pictures))
    frame = _reached(run, index, number)
    if frame is None:
        raise DataError(f"frame {number} is not what it was: the file has changed since it was first read")
    return frame, run


def _from_key(video: Video, index: VideoIndex, key: int) -> Iterator[tuple[int, Any]]:
    """Yield frames with their numbers from a key frame on, or from one before it; none after a jump that went wrong."""
    if not video.seek(int(index.stamp[key]), video.pictures):
        return
    is_begun = False
    for frame in video.decoded(video.pictures):
        is_begun |= bool(frame.key_frame)
        if is_begun and frame.pts is not None:
            number = int(np.searchsorted(index.stamp, frame.pts))
            if number == len(index.stamp) or index.stamp[number] != frame.pts:
                return
            yield number, frame


def _reached(run: Iterator[tuple[int, Any]], index: VideoIndex, number: int) -> Any:
    """Return the frame of a number out of a run; None if it is not in it, or has other pixels than it should."""
    for at, frame in run:
        if at >= number:
            return frame if at == number and stored_digest(frame) == index.digest[number].tobytes() else None
    return None


def sound(video: Video, track: SoundTrack, start_s: float, seconds: float, rate: int) -> NDArray[np.float32]:
    """Return the sound of a window: the same samples, but for rounding, as resampling the whole and cutting it.

    AAC may hold noise as its loudness alone, which a decoder draws; it depends on where decoding began, and is the same
    whenever the same window is read.

    Args:
        video: the opened file.
        track: of the same file.
        start_s: when the window begins, in seconds from the first picture.
        seconds: how long it is.
        rate: samples a second that are wanted, Hz.

    Returns:
        (T,) float32 of ``seconds * rate`` samples, the mean of all channels, 0 where there is no sound.
    """
    step = track.rate // math.gcd(track.rate, rate)
    first, num = round(start_s * rate), round(seconds * rate)
    margin = math.ceil(_TAPS * max(track.rate / rate, 1.0))
    begin = (first * track.rate // rate - margin) // step * step
    end = math.ceil((first + num) * track.rate / rate) + margin
    wave = _stored_sound(video, track, begin, end)
    if rate == track.rate:
        return wave[first - begin :][:num]
    made = _resampled(wave, track.rate, rate)
    skipped = first - begin * rate // track.rate
    return np.pad(made[skipped:][:num], (0, max(num - max(len(made) - skipped, 0), 0)))


def _stored_sound(video: Video, track: SoundTrack, begin: int, end: int) -> NDArray[np.float32]:
    """Return samples ``begin`` to ``end`` as stored, 0 where there are none."""
    wave = np.zeros(end - begin, np.float32)
    first = max(begin, track.start)
    if first >= min(end, track.start + track.length):
        return wave
    lead = round(_BEFORE_S * track.rate)
    if first - lead > track.start:
        stamp = math.floor(((first - lead) / track.rate + track.zero_s) / video.sound.time_base)
        frames = video.decoded(video.sound)
        is_there = video.seek(stamp, video.sound) and next(frames, None) is not None  # the first lacks its beginning
        if is_there and _filled(wave, frames, track, begin, first - lead // 2):
            return wave
        wave[:] = 0
    video.rewind()
    _filled(wave, video.decoded(video.sound), track, begin, track.start)
    return wave


def _filled(wave: NDArray[np.float32], frames: Iterator[Any], track: SoundTrack, begin: int, latest: int) -> bool:
    """Fill in what is decoded of a window; False if it begins later than at ``latest``, so that something may lack."""
    at: int | None = None
    end = begin + len(wave)
    for frame in frames:
        samples = usable_mono(frame, track.rate)
        if samples is None:
            continue
        is_first, at = at is None, _place(frame, track, at)
        if at is None or (is_first and at > latest):
            return False
        low, high = max(at, begin), min(at + len(samples), end)
        if low < high:
            wave[low - begin : high - begin] = samples[low - at : high - at]
        at += len(samples)
        if at >= end:
            return True
    return at is not None


def _place(frame: Any, track: SoundTrack, at: int | None) -> int | None:
    """Return of which sample a frame is the first.

    The first after a jump is placed by its time stamp, and where blocks are equally long at the nearest of them, for
    Matroska rounds stamps to milliseconds; the others follow one another. None if there is no stamp to go by.
    """
    if frame.time is None:
        return at
    place = round((float(frame.time) - track.zero_s) * track.rate)
    if at is not None:
        return place if place - at > GAP_S * track.rate else at
    if not track.block:
        return place
    snapped = track.anchor + track.block * round((place - track.anchor) / track.block)
    return snapped if snapped >= track.anchor else track.start


def _resampled(wave: NDArray[np.float32], have: int, wanted: int) -> NDArray[np.float32]:
    av = library()
    frame = av.AudioFrame.from_ndarray(wave[None], "fltp", "mono")
    frame.sample_rate = have
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=wanted)
    parts = [each.to_ndarray()[0] for part in (frame, None) for each in resampler.resample(part)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
