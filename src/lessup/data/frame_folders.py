"""Videos as folders of images, one folder a clip: ``frames:FOLDER``, or ``frames:FOLDER,rate=10`` for another rate.

The prefix tells them from folders of images that are classes. Every folder that holds images is a clip; its images are
the frames, in the order of the numbers in their names, 25 a second unless told otherwise. Folders above give the
classes, as for ``image_folder``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from posixpath import splitext

from lessup.errors import DataError, UsageError
from lessup.formats.file_tree import is_tree, open_tree
from lessup.formats.image_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.class_folders import layout
from lessup.samples.clip_entries import ClipEntry, build_clips
from lessup.samples.clips import Clips

wanted = "frames:FOLDER, a folder, zip or tar with the frames of each video in a folder of its own"
general = False

PREFIX = "frames:"

RATE = 25.0
"""Frames a second where nothing else is said."""


def recognises(path: Path) -> bool:
    """Tell whether this names folders of frames."""
    return str(path).startswith(PREFIX)


def load(path: Path, reading: Reading) -> Clips:
    """Look through every folder of frames.

    Args:
        path: ``frames:FOLDER`` or ``frames:FOLDER,rate=NUMBER``.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``frames``.

    Raises:
        UsageError: the rate is no number above 0.
        DataError: nothing is there, or no folder holds images that can be used.
    """
    folder, _, rate = str(path).removeprefix(PREFIX).partition(",rate=")
    if not is_tree(Path(folder)):
        raise DataError(f"no frames at {folder}: give a folder, zip or tar of folders of images")
    tree = open_tree(Path(folder))
    clips = {clip: files for clip, files in frames_by_folder(tree.names()).items() if clip}
    if not clips:
        raise DataError(f"no folder of images in {folder}: wanted one folder a clip, with {', '.join(SUFFIXES)}")
    found = layout(list(clips))
    entries = [
        ClipEntry(
            id=one.id, files=clips[one.name], is_video=False, rate=_number(rate), label=one.label, official=one.official
        )
        for one in found.files
    ]
    unlabelled = f"{found.num_unlabelled} clips without labels; val is the test part"
    damage = [Damage("test", unlabelled)] if found.num_unlabelled else []
    return build_clips(tree, entries, reading, classes=found.classes, damage=damage)


def frames_by_folder(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the images of each folder in the order of the numbers in their names.

    >>> frames_by_folder(["a/f10.png", "a/f9.png", "a/notes.txt"])
    {'a': ('a/f9.png', 'a/f10.png')}
    """
    clips: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if splitext(name)[1].lower() in SUFFIXES:
            clips[name.rpartition("/")[0]].append(name)
    return {folder: tuple(sorted(files, key=_in_order)) for folder, files in clips.items()}


def _in_order(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key by which numbers within names count as such."""
    return tuple((int(part), "") if place % 2 else (-1, part) for place, part in enumerate(re.split(r"([0-9]+)", name)))


def _number(rate: str) -> float:
    try:
        number = float(rate or RATE)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise UsageError(f"rate={rate}: wanted frames a second, a number above 0")
    return number
