"""Frames of clips as images, spread evenly over each clip, for methods that learn from images.

Frames are decoded once, and the textures of the sound around them measured once, one clip at a time; both are kept in
memory-mapped files, see ``folder_cache``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import npz
from lessup.samples import Damage, Samples
from lessup.samples.assembly import fingerprint
from lessup.samples.clips import Clips
from lessup.samples.folder_cache import FolderCache
from lessup.samples.image_cache import mapped
from lessup.samples.image_decoding import DEFAULT_SIZE, Progress, in_threads
from lessup.samples.images import Images, Ragged
from lessup.samples.moments import DEFAULT_SECONDS, Moments, around
from lessup.samples.sound_cache import SHORTEST_S, SILENT
from lessup.transforms.sound_textures import NUM_STATISTICS, RATE, sound_textures

_VERSION = "frames-1"
"""Part of every key; another number wherever the same clips would give other frames or textures."""

_PIXELS, _TEXTURES, _INDEX = "pixels", "textures", "index.npz"

_BATCH_SAMPLES = 1_200_000
"""Of the sounds that are measured at once: a minute, for which 100 MB are needed."""


def as_read(samples: Samples, reads: Sequence[str]) -> Samples:
    """Return clips as their frames for a method that reads images, with the textures of their sound if it reads these.

    One that reads ``other`` is given pairs of frames where a clip has poses.

    Args:
        samples: of any kind; others than clips stay as they are.
        reads: keys that the method reads.

    Raises:
        DataError: a file has changed, or there is nowhere to write.
    """
    if not isinstance(samples, Clips) or "image" not in reads:
        return samples
    if "other" in reads and any(clip.pose is not None for clip in samples.clips):
        from lessup.samples.frame_pairs import frame_pairs  # made of frames

        return frame_pairs(samples)
    frames = clip_frames(samples)
    return with_textures(frames) if "texture" in reads else frames


def frame_keys(clips: Clips) -> tuple[str, ...]:
    """Return the keys that ``as_read`` has to offer to a method that reads images; nothing is decoded."""
    has_sound = any(clip.index.sound is not None for clip in clips.clips)
    has_pose = any(clip.pose is not None for clip in clips.clips)
    known = {"tags": clips.tags is not None, "texture": has_sound, "other": has_pose, "pose": has_pose}
    return ("image", "extent", "label", *(key for key, has in known.items() if has))


def clip_frames(clips: Clips) -> Images:
    """Return ``Reading.frames`` frames of each clip, the middles of as many equal parts; all of a clip that has fewer.

    Labels and groups are those of the clips, so that a split never parts the frames of one.

    Args:
        clips: M clips.

    Returns:
        N images ``ID#0``, ``ID#1`` ... with ``moments``.

    Raises:
        DataError: a file has changed, or there is nowhere to write.
    """
    made = _decoded(clips)
    place = np.arange(len(made.clip)) - np.searchsorted(made.clip, made.clip)
    ids = [f"{clips.id[clip]}#{number}" for clip, number in zip(made.clip.tolist(), place.tolist(), strict=True)]
    extents = np.array([clip.index.extent for clip in clips.clips], np.int64)
    return Images(
        pixels=made.pixels,
        id=np.array(ids, np.str_),
        label=clips.label[made.clip],
        classes=clips.classes,
        group=clips.group[made.clip],
        official=clips.official[made.clip],
        fingerprint=fingerprint(clips.fingerprint, made.key),
        damage=clips.damage,
        tags=None if clips.tags is None else clips.tags[made.clip],
        original=extents[made.clip],
        moments=Moments(clips, made.clip, made.second),
    )


def with_textures(frames: Images) -> Images:
    """Return frames of clips with the textures of the sound around each; clips in which little is heard are named.

    Args:
        frames: N frames of clips, as ``clip_frames`` gives them; ``Reading.seconds`` of sound are taken.

    Raises:
        DataError: there is nowhere to write.
    """
    moments = frames.moments
    assert moments is not None, "frames of clips have moments"
    measured = _measured(moments)
    told = [
        Damage(str(name), reason, skipped=False)
        for name, reason in zip(moments.clips.id, measured.reason.tolist(), strict=True)
        if reason
    ]
    return replace(frames, moments=replace(moments, texture=measured.texture), damage=(*frames.damage, *told))


def heard(samples: Samples) -> NDArray[np.bool_]:
    """Return (N,) bool, True where something is heard around a frame."""
    moments = samples.moments if isinstance(samples, Images) else None
    if moments is None or moments.texture is None:
        return np.zeros(len(samples), bool)
    return ~np.isnan(moments.texture[:, 0])


@dataclass(frozen=True, eq=False)
class _Decoded:
    """N frames: what stands for them, their pixels, (N,) which clip each is of, rising, and (N,) when it is shown."""

    key: str
    pixels: Ragged
    clip: NDArray[np.int64]
    second: NDArray[np.float64]


def _key(clips: Clips, *more: str) -> str:
    reading = clips.reading
    settings = (str(reading.size or DEFAULT_SIZE), str(reading.frames), str(clips.channels))
    return fingerprint(_VERSION, *settings, *more, *(clip.index.content for clip in clips.clips))


def _decoded(clips: Clips) -> _Decoded:
    key = _key(clips)
    return FolderCache(
        source=clips.source,
        noun="frames",
        settings=key,
        count=len(clips),
        suffix=".frames",
        stamp=key,
        keys=lambda: [key],
        write=lambda folder: _write_frames(folder, clips, key),
        open=_open_frames,
    ).found_or_made()


def _write_frames(folder: Path, clips: Clips, key: str) -> list[str]:
    extent, clip, second = [], [], []
    with (folder / _PIXELS).open("wb") as out, Progress("decoding frames", len(clips)) as progress:
        found = in_threads(lambda number: _spread(clips, number), range(len(clips)), at_a_time=1)
        for number, frames in enumerate(found):
            for moment, pixels in frames:
                out.write(np.ascontiguousarray(pixels).data)
                extent.append(pixels.shape[:2])
                clip.append(number)
                second.append(moment)
            progress.advance()
    arrays = {"extent": np.array(extent, np.int64), "clip": np.array(clip, np.int64), "second": np.array(second)}
    np.savez(folder / _INDEX, allow_pickle=False, channels=np.array(clips.channels), **arrays)
    return [key]


def _spread(clips: Clips, number: int) -> list[tuple[float, NDArray[np.uint8]]]:
    """Return the frames of one clip."""
    index, wanted = clips.clips[number].index, clips.reading.frames
    if len(index.time) <= wanted:
        return list(clips.frames(number))
    rate = wanted / index.seconds
    return list(clips.frames(number, rate=rate, start_s=0.5 / rate))


def _open_frames(folder: Path) -> _Decoded:
    """Map what ``_write_frames`` wrote.

    Raises:
        DataError: it is not there, or damaged.
    """
    extent, clip, second, channels = (
        npz.read(folder / _INDEX, key) for key in ("extent", "clip", "second", "channels")
    )
    pixels = mapped(folder / _PIXELS, np.dtype(np.uint8), extent, int(channels))
    return _Decoded(folder.stem, pixels, clip, second)


@dataclass(frozen=True, eq=False)
class _Measured:
    """(N, 502) textures, and (M,) what there is to say of the sound of each clip."""

    texture: NDArray[np.float32]
    reason: NDArray[np.str_]


def _measured(moments: Moments) -> _Measured:
    clips = moments.clips
    key = _key(clips, "textures", str(clips.reading.seconds or DEFAULT_SECONDS))
    return FolderCache(
        source=clips.source,
        noun="sound textures",
        settings=key,
        count=len(clips),
        suffix=".textures",
        stamp=key,
        keys=lambda: [key],
        write=lambda folder: _write_textures(folder, moments, key),
        open=_open_textures,
    ).found_or_made()


def _write_textures(folder: Path, moments: Moments, key: str) -> list[str]:
    numbers = range(len(moments.clips))
    reason = []
    with (folder / _TEXTURES).open("wb") as out, Progress("measuring sounds", len(numbers)) as progress:
        for rows, told in in_threads(lambda number: _heard(moments, number), numbers, at_a_time=1):
            out.write(rows.data)
            reason.append(told)
            progress.advance()
    np.savez(folder / _INDEX, allow_pickle=False, reason=np.array(reason, np.str_))
    return [key]


def _open_textures(folder: Path) -> _Measured:
    """Map what ``_write_textures`` wrote.

    Raises:
        DataError: it is not there, or damaged.
    """
    with npz.named_errors(folder / _TEXTURES):
        texture = np.memmap(folder / _TEXTURES, np.float32, mode="r").reshape(-1, NUM_STATISTICS)
    return _Measured(texture, npz.read(folder / _INDEX, "reason"))


def _heard(moments: Moments, number: int) -> tuple[NDArray[np.float32], str]:
    """Return the textures around the frames of one clip, NaN where it is silent, and what there is to say of it."""
    frames = np.flatnonzero(moments.clip == number)
    texture = np.full((len(frames), NUM_STATISTICS), np.nan, np.float32)
    track = moments.clips.clips[number].index.sound
    if track is None:
        return texture, "no sound"
    length = around(track, 0.0, moments.clips.reading.seconds or DEFAULT_SECONDS)[1]
    if length < SHORTEST_S:
        return texture, f"sound shorter than {SHORTEST_S} s"
    at_once = max(_BATCH_SAMPLES // round(length * RATE), 1)
    try:
        for start in range(0, len(frames), at_once):
            waves = np.stack([moments.sound(int(frame)) for frame in frames[start : start + at_once]])
            loud = np.flatnonzero(np.abs(waves).max(1) >= SILENT)
            if len(loud):
                texture[start + loud] = sound_textures(torch.from_numpy(waves[loud])).numpy()
    except DataError as error:
        return np.full_like(texture, np.nan), f"sound cannot be read: {error}"
    silent = int(np.isnan(texture[:, 0]).sum())
    return texture, "" if not silent else "silent" if silent == len(frames) else "silent around some frames"
