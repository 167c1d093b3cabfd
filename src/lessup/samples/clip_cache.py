"""Look through the clips of a source once, and keep what was found; later runs open it at once, see ``folder_cache``.

Clips are decoded beside one another, one frame of each at a time, and nothing of their pictures is kept.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lessup.errors import DataError
from lessup.formats import npz, video_index
from lessup.formats.file_tree import FileTree
from lessup.formats.frame_files import still
from lessup.formats.video_index import SoundTrack, VideoIndex
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.folder_cache import FolderCache, content_key, unread_stamp
from lessup.samples.image_decoding import Progress, in_threads

_VERSION = "clips-1"
"""Part of every key; another number wherever the same file would give another index."""

_INDEX = "index.npz"

_PER_FRAME = ("stamp", "time", "digest", "is_key")

_WHOLE = 1 << 30
"""A short side that no image has."""


@dataclass(frozen=True)
class ClipFile:
    """One clip to look through.

    Attributes:
        files: one video file, or frames in order.
        is_video: which of the two.
        rate: frames a second of images.
    """

    files: tuple[str, ...]
    is_video: bool = True
    rate: float = 0.0


@dataclass(frozen=True, eq=False)
class ClipIndexes:
    """What was found of N clips.

    Attributes:
        key: stands for the content of the files and how they were read.
        indexes: of each clip; None of one that cannot be used.
        reason: why not, of each; empty if it can.
    """

    key: str
    indexes: tuple[VideoIndex | None, ...]
    reason: tuple[str, ...]


def clip_indexes(tree: FileTree, clips: Sequence[ClipFile], reading: Reading) -> ClipIndexes:
    """Look through clips, or open what an earlier call found of the same files.

    A broken file never stops the others.

    Args:
        tree: the folder or archive.
        clips: N >= 1 clips in it.
        reading: ``max_megapixels``.

    Raises:
        DataError: none can be used, or there is nowhere to write.
        MissingExtraError: the extra ``video`` is not installed.
    """
    names = [name for clip in clips for name in clip.files]
    shape = "\0".join(f"{len(clip.files)} {clip.is_video} {clip.rate}" for clip in clips)
    settings = fingerprint(_VERSION, str(reading.max_megapixels), shape)
    return FolderCache(
        source=tree.path,
        noun="videos",
        settings=settings,
        count=len(clips),
        suffix=".clips",
        stamp=unread_stamp(tree, names, settings),
        keys=lambda: _keys(tree, clips),
        write=lambda folder: _write(folder, tree, clips, reading),
        open=_open,
    ).found_or_made()


def _keys(tree: FileTree, clips: Sequence[ClipFile]) -> Iterator[str]:
    return in_threads(lambda clip: fingerprint(*(content_key(tree, name) for name in clip.files)), clips, at_a_time=1)


def _write(folder: Path, tree: FileTree, clips: Sequence[ClipFile], reading: Reading) -> list[str]:
    found: list[VideoIndex | str] = []
    with Progress("looking through videos", len(clips)) as progress:
        for one in in_threads(lambda clip: _found(tree, clip, reading), clips, at_a_time=1):
            found.append(one)
            progress.advance()
    usable = [one for one in found if isinstance(one, VideoIndex)]
    if not usable:
        first = clips[0].files[0]
        raise DataError(f"none of the {len(clips)} clips in {tree.path} can be used, such as {first}: {found[0]}")
    arrays = {key: np.concatenate([getattr(one, key) for one in usable]) for key in _PER_FRAME}
    told = [one if isinstance(one, str) else "" for one in found]
    np.savez(
        folder / _INDEX,
        allow_pickle=False,
        reason=np.array(told, np.str_),
        count=np.array([len(one.time) for one in usable], np.int64),
        described=np.array([_described(one) for one in usable], np.str_),
        **arrays,
    )
    return list(_keys(tree, clips))


def _found(tree: FileTree, clip: ClipFile, reading: Reading) -> VideoIndex | str:
    """Return what a clip holds, or why it cannot be used."""
    try:
        if not clip.is_video:
            return _of_images(tree, clip, reading)
        with tree.open(clip.files[0]) as file:
            return video_index.index(file, max_megapixels=reading.max_megapixels)
    except (DataError, OSError) as error:
        return str(error)


def _of_images(tree: FileTree, clip: ClipFile, reading: Reading) -> VideoIndex:
    """Index frames that are images; those that are broken, or of another size than the first, are left out.

    Raises:
        DataError: not one can be used.
    """
    usable: list[int] = []
    digests: list[bytes] = []
    broken: list[str] = []
    extent = (0, 0)
    for number, name in enumerate(clip.files):
        try:
            pixels = still(tree.read(name), _WHOLE, reading.max_megapixels, 3)
            if usable and pixels.shape[:2] != extent:
                raise DataError("of another size than the first")
        except DataError as error:
            broken.append(f"{name}: {error}")
            continue
        extent = (pixels.shape[0], pixels.shape[1])
        usable.append(number)
        digests.append(hashlib.blake2b(pixels.data, digest_size=8).digest())
    if not usable:
        raise DataError(f"not one of {len(clip.files)} frames can be used, such as {broken[0]}")
    stamp = np.array(usable, np.int64)
    content = hashlib.blake2b(repr(extent).encode() + b"".join(digests), digest_size=16).hexdigest()
    more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
    return VideoIndex(
        stamp=stamp,
        time=stamp / clip.rate,
        digest=np.frombuffer(b"".join(digests), np.uint64),
        is_key=np.ones(len(usable), bool),
        seconds=len(clip.files) / clip.rate,
        extent=extent,
        turned=False,
        codec="images",
        num_streams=1,
        sound=None,
        content=content,
        notes=(f"frames left out: {broken[0]}{more}",) if broken else (),
    )


def _described(index: VideoIndex) -> str:
    """Write down what an index holds beside its arrays."""
    return json.dumps({key: value for key, value in asdict(index).items() if key not in _PER_FRAME})


def _open(folder: Path) -> ClipIndexes:
    """Read what ``_write`` wrote.

    Raises:
        DataError: it is not there, or damaged.
    """
    file = folder / _INDEX
    reason, count, described = (npz.read(file, key) for key in ("reason", "count", "described"))
    arrays = {key: np.split(npz.read(file, key), np.cumsum(count)[:-1]) for key in _PER_FRAME}
    with npz.named_errors(file):
        usable = iter(
            [_read(str(text), {key: arrays[key][n] for key in _PER_FRAME}) for n, text in enumerate(described)]
        )
        indexes = tuple(None if text else next(usable) for text in reason.tolist())
    return ClipIndexes(folder.stem, indexes, tuple(reason.tolist()))


def _read(described: str, arrays: dict[str, Any]) -> VideoIndex:
    told = json.loads(described)
    sound = None if told["sound"] is None else SoundTrack(**told["sound"])
    return VideoIndex(
        **told | arrays | {"sound": sound, "extent": tuple(told["extent"]), "notes": tuple(told["notes"])}
    )
