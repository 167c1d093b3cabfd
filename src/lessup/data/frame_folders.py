"""Videos as folders of images, one folder a clip: ``frames:FOLDER``, or ``frames:FOLDER,rate=10`` for another rate.

The prefix tells them from folders of images that are classes. Every folder that holds images is a clip; its images are
the frames, in the order of the numbers in their names, 25 a second unless told otherwise. Folders above give the
classes, as for ``image_folder``.
"""

from pathlib import Path

from lessup.errors import DataError, UsageError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.frame_files import frames_by_folder
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
    tree, clips = clips_at(path)
    rate = str(path).partition(",rate=")[2]
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


def clips_at(path: Path) -> tuple[FileTree, dict[str, tuple[str, ...]]]:
    """Return the folder or archive that ``frames:FOLDER`` names, and the images of each clip in it, in order.

    Raises:
        DataError: nothing is there, or no folder in it holds images.
    """
    folder = Path(str(path).removeprefix(PREFIX).partition(",rate=")[0])
    if not is_tree(folder):
        raise DataError(f"no frames at {folder}: give a folder, zip or tar of folders of images")
    tree = open_tree(folder)
    clips = {clip: files for clip, files in frames_by_folder(tree.names()).items() if clip}
    if not clips:
        raise DataError(f"no folder of images in {folder}: wanted one folder a clip, with {', '.join(SUFFIXES)}")
    return tree, clips


def _number(rate: str) -> float:
    try:
        number = float(rate or RATE)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise UsageError(f"rate={rate}: wanted frames a second, a number above 0")
    return number
