"""A folder of sound files, or a zip or tar of one: the first level of folders that differs gives the classes.

Layouts are those of ``image_folder``. WAV, FLAC, Ogg, MP3, AIFF and AU of any rate and number of channels become one
channel at 20 kHz, the mean of all. The takes of one recording are kept together where they are named as in ESC-10 and
ESC-50 (``1-100032-A-0.wav``: fold, recording, take, class).
"""

from collections import Counter
from pathlib import Path
from posixpath import splitext

from lessup.errors import DataError
from lessup.formats import image_file, video_file
from lessup.formats.file_tree import is_tree, open_tree
from lessup.formats.sound_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.class_folders import layout
from lessup.samples.sound_entries import SoundEntry, build_sounds
from lessup.samples.sounds import Sounds

wanted = "a folder, zip or tar of sounds (.wav, .flac, .ogg, .mp3, ...), one sub-folder a class"
general = True


def recognises(path: Path) -> bool:
    """Tell whether sounds are there, and more of them than images and than videos."""
    if not is_tree(path):
        return False
    suffixes = Counter(_suffix(name) for name in open_tree(path).names())
    sounds, images, videos = (
        sum(suffixes[each] for each in kind) for kind in (SUFFIXES, image_file.SUFFIXES, video_file.SUFFIXES)
    )
    return sounds > max(images, videos)


def load(path: Path, reading: Reading) -> Sounds:
    """Load every sound below a folder or in an archive, through a cache beside it.

    Args:
        path: the folder or archive.
        reading: ``seconds``.

    Raises:
        DataError: there are no sounds, or none can be used.
        MissingExtraError: the extra ``sound`` is not installed.
    """
    tree = open_tree(path)
    names = [name for name in tree.names() if _suffix(name) in SUFFIXES]
    if not names:
        raise DataError(f"no sounds in {path}: wanted {', '.join(SUFFIXES)}")
    found = layout(names)
    entries = [SoundEntry(name=one.name, id=one.id, label=one.label, official=one.official) for one in found.files]
    unlabelled = f"{found.num_unlabelled} sounds without labels; val is the test part"
    damage = [Damage("test", unlabelled)] if found.num_unlabelled else []
    return build_sounds(tree, entries, reading, classes=found.classes, damage=damage)


def _suffix(name: str) -> str:
    return splitext(name)[1].lower()
