"""Pairs of patches that were tracked through videos: ``pairs:VIDEOS`` mines them, or a folder of mined ones.

Each pair is a class of two images, and all pairs of a clip are one group. ``pairs:VIDEOS`` takes a folder, zip or tar
of videos, or one video, or ``frames:FOLDER``, see ``frame_folders``; what is mined lies in ``.lessup-cache`` beside it,
see ``pair_files`` for what is there.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from posixpath import splitext

from lessup.data import frame_folders, kitti_odometry
from lessup.errors import DataError
from lessup.formats.file_tree import is_tree, open_tree
from lessup.formats.pair_files import CLIPS, PAIRS, ClipLine, parse_clips, parse_pairs
from lessup.formats.table import table_rows
from lessup.formats.video_file import SUFFIXES
from lessup.runs.files import is_first_process
from lessup.samples import Damage, Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Images
from lessup.samples.pair_mining import mined, summary, told_of

wanted = "pairs:VIDEOS, a folder, zip or tar of videos to mine for pairs of patches, or a folder of mined pairs"
general = False

PREFIX = "pairs:"


def recognises(path: Path) -> bool:
    """Tell whether this names videos to mine, or is a folder of mined pairs."""
    return str(path).startswith(PREFIX) or (is_tree(path) and PAIRS in open_tree(path).names())


def holds_videos(path: Path) -> bool:
    """Tell whether this is a video, or a folder or archive with one."""
    if not is_tree(path):
        return path.suffix.lower() in SUFFIXES and path.is_file()
    return any(splitext(name)[1].lower() in SUFFIXES for name in open_tree(path).names())


def where(path: Path, reads: Sequence[str]) -> Path:
    """Return what to load for a method: of videos, their pairs if it reads these; frames of KITTI are folders of such.

    Args:
        path: what was asked for.
        reads: keys that the method reads.
    """
    if "pair" not in reads or recognises(path):
        return path
    if kitti_odometry.recognises(path):
        return Path(f"{PREFIX}{frame_folders.PREFIX}{path}")
    return Path(f"{PREFIX}{path}") if frame_folders.recognises(path) or holds_videos(path) else path


def load(path: Path, reading: Reading) -> Images:
    """Load pairs, after mining videos for them where that was not done before; what was found is said.

    Args:
        path: ``pairs:VIDEOS``, ``pairs:frames:FOLDER``, or a folder or archive of mined pairs.
        reading: ``size``: the short side to which frames are reduced; ``colour`` and ``max_megapixels``.

    Raises:
        DataError: there are no videos, or they give no pair.
        MissingExtraError: the extra ``video`` is not installed.
    """
    name = str(path)
    if name.startswith(PREFIX):
        path = _mined(Path(name.removeprefix(PREFIX)), reading)
    tree = open_tree(path)
    pairs = parse_pairs(table_rows(tree.read(PAIRS), PAIRS), PAIRS)
    clips = parse_clips(table_rows(tree.read(CLIPS), CLIPS), CLIPS) if CLIPS in tree.names() else []
    if is_first_process():
        print(f"{path}: {summary(clips)}" if clips else f"{path}: {len(pairs)} pairs", file=sys.stderr)
    if not pairs:
        why = next((f", such as {clip.clip}: {_why_none(clip)}" for clip in clips), "")
        raise DataError(f"no pairs of patches in {name}: no window of {len(clips)} clips was kept{why}")
    entries = [
        Entry(name=picture, label=number, group=pair.clip)
        for number, pair in enumerate(pairs)
        for picture in pair.pictures
    ]
    classes = [f"{pair.clip} {'-'.join(map(str, pair.frames))}" for pair in pairs]
    return replace(build_images(tree, entries, reading, classes=classes, damage=_damage(clips)), paired=True)


def _mined(videos: Path, reading: Reading) -> Path:
    if frame_folders.recognises(videos):
        tree, clips = frame_folders.clips_at(videos)
        return mined(tree, [*clips], reading, files=[name for files in clips.values() for name in files])
    if not holds_videos(videos):
        raise DataError(f"no videos at {videos}: wanted a folder, zip or tar of {', '.join(SUFFIXES)}, or one of them")
    tree = open_tree(videos if is_tree(videos) else videos.parent)
    names = [name for name in tree.names() if splitext(name)[1].lower() in SUFFIXES]
    return mined(tree, names if is_tree(videos) else [videos.name], reading)


def _damage(clips: list[ClipLine]) -> list[Damage]:
    """Name every clip that gave no pair, and every one with damage that did."""
    return [
        Damage(clip.clip, clip.problem or _why_none(clip), skipped=not clip.num_pairs)
        for clip in clips
        if clip.problem or not clip.num_pairs
    ]


def _why_none(clip: ClipLine) -> str:
    dropped = told_of(Counter(clip.dropped))
    return clip.problem or f"no pair in {clip.num_frames} frames{dropped and ': windows dropped: ' + dropped}"
