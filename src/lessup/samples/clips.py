"""Clips: videos that stay in their files, and frames of which any can be had exactly; nothing is held decoded.

A clip is one video file, or images that are the frames of one. ``Clips.frames`` streams, ``window`` and ``sound`` give
a part, and a batch holds frames spread evenly over each clip.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import video_window
from lessup.formats.file_tree import open_tree
from lessup.formats.frame_files import still
from lessup.formats.video_file import opened
from lessup.formats.video_index import VideoIndex
from lessup.samples import Batch, Damage, Reading, Samples
from lessup.samples.image_decoding import DEFAULT_SIZE
from lessup.samples.joined_groups import joined_groups

_ROUNDED_S = 1e-3
"""Time stamps are off by up to so much; Matroska counts milliseconds."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip.

    Attributes:
        files: one video file, or the T frames in order, within the source.
        index: of the video; for images, ``stamp`` says which of ``files`` each frame is.
        is_video: whether it is one video file.
        pose: (T, 3, 4) float64, rotation and place of the camera at each frame; None if not known.
        projection: (3, 4) float64 of the camera, for images as stored; None if not known.
    """

    files: tuple[str, ...]
    index: VideoIndex
    is_video: bool = True
    pose: NDArray[np.float64] | None = None
    projection: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Clips(Samples):
    """N clips.

    Attributes:
        source: folder or archive with their files.
        clips: the N clips.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``frames`` say how they are handed out.
        tags: (N, K) int8 as in ``Images``; None where clips have one label at most.
    """

    noun: ClassVar[str] = "clips"

    source: Path
    clips: tuple[Clip, ...]
    reading: Reading
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    group: NDArray[np.int64]
    official: NDArray[np.str_]
    fingerprint: str
    damage: tuple[Damage, ...] = ()
    tags: NDArray[np.int8] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch; ``pose`` where it is known of every clip."""
        known = {"tags": self.tags is not None, "pose": all(clip.pose is not None for clip in self.clips)}
        return ("clip", "extent", "time", "label", *(key for key, has in known.items() if has))

    @property
    def channels(self) -> int:
        """C: 1 if grey was asked for, else 3."""
        return 1 if self.reading.colour == "grey" else 3

    def frames(
        self, number: int, *, rate: float = 0.0, size: int = 0, start_s: float = 0.0, seconds: float = math.inf
    ) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Stream the frames of a clip, or of a window of it; one is held at a time.

        Args:
            number: which clip.
            rate: moments a second, each with the frame that is shown then; 0 gives every frame at its own time.
            size: pixels on the short side of a reduced frame; 0 is that of the reading.
            start_s: where the window begins.
            seconds: how long it is; it ends with the clip.

        Yields:
            Seconds since the first frame of the clip, and (H, W, C) uint8.

        Raises:
            DataError: the file has changed or cannot be read any more.
        """
        index = self.clips[number].index
        if rate:
            count = math.ceil((min(seconds, index.seconds - start_s) - _ROUNDED_S) * rate)
            moments = start_s + np.arange(max(count, 0)) / rate
            numbers = shown_at(index.time, moments)
        else:
            inside = (index.time >= start_s - _ROUNDED_S) & (index.time < start_s + seconds - _ROUNDED_S)
            numbers = np.flatnonzero(inside)
            moments = index.time[numbers]
        yield from zip(moments.tolist(), self._pictures(number, numbers, size), strict=True)

    def window(self, number: int, *, start_s: float, num_frames: int, rate: float, size: int = 0) -> NDArray[np.uint8]:
        """Return T frames at equal distances; before its beginning and after its end, a clip stands still.

        Args:
            number: which clip.
            start_s: time of the first, in seconds since the first frame of the clip.
            num_frames: T.
            rate: frames a second.
            size: as for ``frames``.

        Returns:
            (T, H, W, C) uint8.

        Raises:
            DataError: the file has changed or cannot be read any more.
        """
        moments = start_s + np.arange(num_frames) / rate
        return np.stack(list(self._pictures(number, shown_at(self.clips[number].index.time, moments), size)))

    def sound(self, number: int, *, start_s: float, seconds: float, rate: int) -> NDArray[np.float32]:
        """Return the sound of a window of a clip.

        Args:
            number: which clip.
            start_s: where it begins, in seconds since the first frame; may be negative.
            seconds: how long it is.
            rate: samples a second, Hz.

        Returns:
            (T,) float32 of ``seconds * rate`` samples: the mean of all channels, -1 to 1 unless stored beyond; 0 before
            the beginning and after the end of the sound.

        Raises:
            DataError: the clip has no sound, or cannot be read any more.
        """
        clip = self.clips[number]
        if clip.index.sound is None:
            raise DataError(f"{self.id[number]} has no sound: leave it out (index.sound is None)")
        try:
            with (
                open_tree(self.source).open(clip.files[0]) as file,
                opened(file, max_megapixels=self.reading.max_megapixels) as video,
            ):
                return video_window.sound(video, clip.index.sound, start_s, seconds, rate)
        except DataError as error:
            raise DataError(f"{clip.files[0]}: {error}") from error

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return T frames of each clip, the middles of T equal parts, see the glossary; ``clip`` is uint8."""
        chosen = np.asarray(indices, np.int64)
        moments = [self._spread(number) for number in chosen.tolist()]
        shown = [
            np.stack(list(self._pictures(number, shown_at(self.clips[number].index.time, at), 0)))
            for number, at in zip(chosen.tolist(), moments, strict=True)
        ]
        extent = np.array([frames.shape[1:3] for frames in shown], np.int64).reshape(-1, 2)
        height, width = extent.max(axis=0, initial=0)
        clip = np.zeros((len(chosen), self.reading.frames, height, width, self.channels), np.uint8)
        for row, frames in enumerate(shown):
            clip[row, :, : frames.shape[1], : frames.shape[2]] = frames
        batch = {
            "clip": torch.from_numpy(clip).permute(0, 1, 4, 2, 3),  # (B, T, C, H, W)
            "extent": torch.from_numpy(extent),
            "time": torch.from_numpy(np.array(moments, np.float32).reshape(len(chosen), -1)),
            "label": torch.from_numpy(self.label[chosen]),
        }
        if self.tags is not None:
            batch["tags"] = torch.from_numpy(self.tags[chosen])
        if "pose" in self.keys:
            batch["pose"] = torch.from_numpy(np.stack([self._poses(number) for number in chosen.tolist()]))
        return batch

    def expand(self, batch: Batch) -> Batch:
        """Return ``clip`` as float32 in [0, 1]."""
        return batch | {"clip": batch["clip"].to(torch.float32).div_(255)}

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the clips at ``indices`` alone."""
        return replace(
            self,
            clips=tuple(self.clips[index] for index in indices),
            tags=None if self.tags is None else self.tags[indices],
            **{name: getattr(self, name)[indices] for name in ("id", "label", "group", "official")},
        )

    def families(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers that groups share if any of their clips are equal; see ``Samples.families``."""
        return joined_groups(self.group, self.first_equal())

    def first_equal(self) -> NDArray[np.int64]:
        """Return (N,) int64: for every clip the number of the first clip with the same frames and the same sound."""
        first: dict[str, int] = {}
        return np.array([first.setdefault(clip.index.content, n) for n, clip in enumerate(self.clips)], np.int64)

    def _spread(self, number: int) -> NDArray[np.float64]:
        parts = self.reading.frames
        return (np.arange(parts) + 0.5) / parts * self.clips[number].index.seconds

    def _poses(self, number: int) -> NDArray[np.float32]:
        pose = self.clips[number].pose
        assert pose is not None, "the key is there where every clip has poses"
        return pose[shown_at(self.clips[number].index.time, self._spread(number))].astype(np.float32)

    def _pictures(self, number: int, numbers: NDArray[np.int64], size: int) -> Iterator[NDArray[np.uint8]]:
        clip = self.clips[number]
        size = size or self.reading.size or DEFAULT_SIZE
        tree = open_tree(self.source)
        at = clip.files[0]
        try:
            if clip.is_video:
                with tree.open(at) as file, opened(file, max_megapixels=self.reading.max_megapixels) as video:
                    chosen = numbers.tolist()
                    yield from video_window.pictures(video, clip.index, chosen, size=size, channels=self.channels)
                return
            for frame in numbers.tolist():
                at = clip.files[int(clip.index.stamp[frame])]
                yield still(tree.read(at), size, self.reading.max_megapixels, self.channels)
        except DataError as error:
            raise DataError(f"{at}: {error}") from error


def shown_at(time: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which frame is shown at some moments: the last that has begun, or the first before that.

    >>> shown_at(np.array([0.0, 0.1, 0.5]), np.array([-1.0, 0.1, 0.4, 9.0])).tolist()
    [0, 1, 1, 2]
    """
    begun = np.searchsorted(time, moments + _ROUNDED_S, side="right") - 1
    return np.clip(begun, 0, len(time) - 1).astype(np.int64)
