"""Pairs of frames of clips whose poses are known, for methods that learn how the camera moved between them."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.samples import Batch, Damage, Samples
from lessup.samples.assembly import fingerprint
from lessup.samples.clip_frames import clip_frames
from lessup.samples.clips import Clips
from lessup.samples.images import Images

MOST_APART = 7
"""Frames by which those of a pair differ at most, either way: Agrawal et al., *Learning to See by Moving*, 2015."""

_VERSION = "pairs-1"


@dataclass(frozen=True, eq=False)
class FramePairs(Samples):
    """N pairs of frames.

    Attributes:
        frames: the M frames.
        pose: (M, 3, 4) float64, rotation and place of the camera at each.
        first: (N,) int64, which frame is the first of each pair.
        second: (N,) int64, which is the other, before or after it.
    """

    noun: ClassVar[str] = "pairs of frames"

    frames: Images
    pose: NDArray[np.float64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    group: NDArray[np.int64]
    official: NDArray[np.str_]
    fingerprint: str
    damage: tuple[Damage, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch."""
        return ("image", "extent", "label", "other", "pose")

    @property
    def channels(self) -> int:
        """C."""
        return self.frames.channels

    def poses(self) -> NDArray[np.float64]:
        """Return (N, 2, 3, 4) poses of both frames of every pair."""
        return np.stack([self.pose[self.first], self.pose[self.second]], 1)

    def read(self, indices: NDArray[np.int64] | list[int]) -> Batch:  # type: ignore[override]
        """Return pairs, see the glossary; ``image`` and ``other`` are uint8."""
        chosen = np.asarray(indices, np.int64)
        first, second = self.first[chosen], self.second[chosen]
        pose = np.stack([self.pose[first], self.pose[second]], 1)
        return {
            "image": self.frames.pixels.padded(first),
            "other": self.frames.pixels.padded(second),
            "extent": torch.from_numpy(self.frames.pixels.extent[first]),
            "pose": torch.from_numpy(pose.astype(np.float32)),
            "label": torch.from_numpy(self.label[chosen]),
        }

    def expand(self, batch: Batch) -> Batch:
        """Return ``image`` and ``other`` as float32 in [0, 1]."""
        return batch | {key: batch[key].to(torch.float32).div_(255) for key in ("image", "other")}

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the pairs at ``indices`` alone."""
        names = ("first", "second", "id", "label", "group", "official")
        return replace(self, **{name: getattr(self, name)[indices] for name in names})


def frame_pairs(clips: Clips) -> FramePairs:
    """Return every pair of frames of one clip that are at most ``MOST_APART`` frames apart, either way.

    A frame and itself make two pairs, so that offsets of 0 to ``MOST_APART`` are as frequent but for the ends of clips.
    Where no clip belongs to a test part, the second half of each does; pairs across the middle are left out. Clips
    without poses are left out and named.

    Args:
        clips: at least one has poses.

    Raises:
        DataError: a file has changed, or there is nowhere to write.
    """
    known = np.array([clip.pose is not None for clip in clips.clips])
    lacking = [Damage(str(name), "no poses of the camera") for name in clips.id[~known]]
    posed = clips.take(np.flatnonzero(known))
    lengths = [len(clip.index.time) for clip in posed.clips]
    frames = clip_frames(replace(posed, reading=replace(posed.reading, frames=max(lengths))))
    halves = not (posed.official == "test").any()
    parts = [_pairs_within(length, halves=halves) for length in lengths]
    clip = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
    start = (np.cumsum(lengths) - lengths)[clip]
    place, offset, way, late = np.concatenate(parts, axis=1)
    official = np.where(late > 0, "test", "train") if halves else posed.official[clip]
    named = zip(posed.id[clip].tolist(), place.tolist(), np.where(way > 0, "+", "-").tolist(), offset, strict=True)
    return FramePairs(
        frames=frames,
        pose=np.concatenate([one.pose for one in posed.clips if one.pose is not None]),
        first=start + place,
        second=start + place + way * offset,
        id=np.array([f"{name}#{at}{sign}{apart}" for name, at, sign, apart in named], np.str_),
        label=posed.label[clip],
        classes=clips.classes,
        group=posed.group[clip],
        official=official.astype(np.str_),
        fingerprint=fingerprint(_VERSION, str(MOST_APART), str(halves), frames.fingerprint),
        damage=(*clips.damage, *lacking),
    )


def _pairs_within(length: int, *, halves: bool) -> NDArray[np.int64]:
    """Return (4, N) place of the first frame, distance of the other, which way it lies, and which half both are in."""
    place, offset, way = (
        axis.reshape(-1) for axis in np.meshgrid(range(length), range(MOST_APART + 1), (1, -1), indexing="ij")
    )
    other = place + way * offset
    late, other_late = (2 * place >= length - 1, 2 * other >= length - 1) if halves else (place * 0, place * 0)
    kept = (other >= 0) & (other < length) & (late == other_late)
    return np.stack([place, offset, way, late])[:, kept].astype(np.int64)
