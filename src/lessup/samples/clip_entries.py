"""From videos and what is known of them to ``Clips``: what every source of clips ends in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.formats.file_tree import FileTree
from lessup.formats.video_index import VideoIndex
from lessup.samples import Damage, Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.clip_cache import ClipFile, clip_indexes
from lessup.samples.clips import Clip, Clips


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipEntry:
    """One clip of a source and what is known of it.

    Attributes:
        id: unique and stable name.
        files: one video file within the tree, or images that are its frames, in order.
        is_video: which of the two.
        rate: frames a second of images.
        time: (T,) seconds of each image; None where they follow one another at ``rate``.
        label: class, or -1 where not known.
        group: equal for clips that a split must keep together; ``id`` if empty.
        official: ``train``, ``test`` or empty.
        tags: (K,) int8 as in ``Images``; None where the source has no tags.
        pose: (T, 3, 4) float64, one for every image; None if not known.
        projection: (3, 4) float64 of the camera; None if not known.
    """

    id: str
    files: tuple[str, ...]
    is_video: bool = True
    rate: float = 0.0
    time: NDArray[np.float64] | None = None
    label: int = -1
    group: str = ""
    official: str = ""
    tags: NDArray[np.int8] | None = None
    pose: NDArray[np.float64] | None = None
    projection: NDArray[np.float64] | None = None


def build_clips(
    tree: FileTree,
    entries: Sequence[ClipEntry],
    reading: Reading,
    *,
    classes: Sequence[str],
    damage: Sequence[Damage] = (),
) -> Clips:
    """Look through all clips, once and for all later runs, and put together what is known of them.

    Clips that cannot be used are left out and named in ``damage``; those with damage inside are used and named.

    Args:
        tree: holds the files.
        entries: N >= 1 clips with different ids, in the order that the samples shall have.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``frames``.
        classes: (K,) names.
        damage: what the source itself left out or found doubtful.

    Raises:
        UsageError: ``frames`` is below 1.
        DataError: there are no entries, two have the same ``id``, or none can be used.
        MissingExtraError: there are video files, and the extra ``video`` is not installed.
    """
    if reading.frames < 1:
        raise UsageError(f"--frames {reading.frames}: wanted 1 frame of a clip or more")
    if not entries:
        raise DataError(f"no clips in {tree.path}")
    id, times = Counter(entry.id for entry in entries).most_common(1)[0]
    if times > 1:
        raise DataError(f"{tree.path}: {times} clips are called {id!r}: names must be unique")
    files = [ClipFile(entry.files, entry.is_video, entry.rate) for entry in entries]
    made = clip_indexes(tree, files, reading)
    chosen = [(entry, index) for entry, index in zip(entries, made.indexes, strict=True) if index is not None]
    ids = [entry.id for entry, _ in chosen]
    official = [entry.official for entry, _ in chosen]
    label = np.array([entry.label for entry, _ in chosen], np.int64)
    group = np.unique([entry.group or entry.id for entry, _ in chosen], return_inverse=True)[1].astype(np.int64)
    tags = [entry.tags for entry, _ in chosen if entry.tags is not None]
    poses = [entry.pose for entry, _ in chosen if entry.pose is not None]
    parts: list[str | NDArray[Any]] = [
        made.key,
        *classes,
        "\n".join(ids),
        "\n".join(official),
        label,
        group,
        *tags,
        *poses,
    ]
    return Clips(
        source=tree.path,
        clips=tuple(_clip(entry, index) for entry, index in chosen),
        reading=reading,
        id=np.array(ids, np.str_),
        label=label,
        classes=tuple(classes),
        group=group,
        official=np.array(official, np.str_),
        fingerprint=fingerprint(*parts),
        damage=(*damage, *_told(entries, made.indexes, made.reason)),
        tags=np.stack(tags) if tags else None,
    )


def _clip(entry: ClipEntry, index: VideoIndex) -> Clip:
    """Put together a clip; of images that were left out, time and pose are left out too."""
    if entry.is_video:
        return Clip(entry.files, index)
    time = index.time if entry.time is None else entry.time[index.stamp] - entry.time[index.stamp[0]]
    pose = None if entry.pose is None else entry.pose[index.stamp]
    return Clip(entry.files, replace(index, time=time), False, pose, entry.projection)


def _told(entries: Sequence[ClipEntry], indexes: Sequence[VideoIndex | None], reasons: Sequence[str]) -> list[Damage]:
    told = []
    for entry, index, reason in zip(entries, indexes, reasons, strict=True):
        if index is None:
            told.append(Damage(entry.files[0] if entry.is_video else entry.id, reason))
        elif index.notes:
            told.append(Damage(entry.id, "; ".join(index.notes), skipped=False))
    return told
