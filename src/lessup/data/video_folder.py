"""A folder of videos, or a zip or tar of one: the first level of folders that differs gives the classes.

Layouts are those of ``image_folder``. Any container and codec that FFmpeg reads will do, with sound or without; one
video file alone is a set of one clip. Videos stay in their files; each is looked through once, see ``Clips``.
"""

from collections import Counter
from pathlib import Path
from posixpath import splitext

from lessup.errors import DataError
from lessup.formats import image_file, sound_file
from lessup.formats.file_tree import is_tree, open_tree
from lessup.formats.video_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.class_folders import layout
from lessup.samples.clip_entries import ClipEntry, build_clips
from lessup.samples.clips import Clips

wanted = "a folder, zip or tar of videos (.mp4, .mov, .avi, .mkv, .webm, ...), one sub-folder a class"
general = True


def recognises(path: Path) -> bool:
    """Tell whether videos are there, at least as many as images and as sounds."""
    if not is_tree(path):
        return path.suffix.lower() in SUFFIXES and path.is_file()
    suffixes = Counter(splitext(name)[1].lower() for name in open_tree(path).names())
    videos, images, sounds = (
        sum(suffixes[suffix] for suffix in each) for each in (SUFFIXES, image_file.SUFFIXES, sound_file.SUFFIXES)
    )
    return videos > 0 and videos >= max(images, sounds)


def load(path: Path, reading: Reading) -> Clips:
    """Look through every video below a folder or in an archive; what was found is kept beside it.

    Args:
        path: the folder or archive, or one video.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``frames``.

    Raises:
        DataError: there are no videos, or none can be used.
        MissingExtraError: the extra ``video`` is not installed.
    """
    tree = open_tree(path if is_tree(path) else path.parent)
    names = [name for name in tree.names() if splitext(name)[1].lower() in SUFFIXES]
    if not is_tree(path):
        names = [name for name in names if name == path.name]
    if not names:
        raise DataError(f"no videos in {path}: wanted {', '.join(SUFFIXES)}")
    found = layout(names)
    entries = [ClipEntry(id=one.id, files=(one.name,), label=one.label, official=one.official) for one in found.files]
    unlabelled = f"{found.num_unlabelled} videos without labels; val is the test part"
    damage = [Damage("test", unlabelled)] if found.num_unlabelled else []
    return build_clips(tree, entries, reading, classes=found.classes, damage=damage)
