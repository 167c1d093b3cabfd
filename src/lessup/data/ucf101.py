"""UCF101: 13,320 clips of 101 actions, with its lists of training and test clips (Soomro, Zamir, Shah 2012).

As published: ``UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi``, and ``ucfTrainTestlist/trainlist01.txt`` within
or beside it. Of several pairs of lists, the one of the lowest number is used; without lists, there is no official
split. Clips of one group (``g01``) were cut from one video and are never parted otherwise.
"""

import re
from pathlib import Path

from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.samples import Damage, Reading
from lessup.samples.clip_entries import ClipEntry, build_clips
from lessup.samples.clips import Clips

wanted = "UCF101: CLASS/v_CLASS_g01_c01.avi with ucfTrainTestlist/trainlist01.txt"
general = False

_CLIP = re.compile(r"(?:.*/)?(v_(\w+)_(g\d{2})_c\d{2})\.avi")

_LIST = re.compile(r"(?:.*/)?(train|test)list(\d{2})\.txt")

_LISTS = "ucfTrainTestlist"


def recognises(path: Path) -> bool:
    """Tell whether a clip is called as those of UCF101 are."""
    return is_tree(path) and any(_CLIP.fullmatch(name) for name in open_tree(path).names())


def load(path: Path, reading: Reading) -> Clips:
    """Look through every clip.

    Args:
        path: the folder or archive.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``frames``.

    Raises:
        DataError: no clip can be used.
        MissingExtraError: the extra ``video`` is not installed.
    """
    tree = open_tree(path)
    found = [clip for name in tree.names() if (clip := _CLIP.fullmatch(name))]
    parts = _parts(tree, path)
    classes = sorted({clip[2] for clip in found})
    entries = [
        ClipEntry(
            id=f"{clip[2]}/{clip[1]}.avi",
            files=(clip[0],),
            label=classes.index(clip[2]),
            group=f"{clip[2]}_{clip[3]}",
            official=parts.get(clip[1], ""),
        )
        for clip in found
    ]
    there = {clip[1] for clip in found}
    missing = [name for name in parts if name not in there]
    told = f"{len(missing)} of {len(parts)} clips in the lists are not there, such as {missing[0]}" if missing else ""
    unlisted = sorted(name for name in there if name not in parts)
    damage = [Damage(_LISTS, told)] if told else []
    if parts and unlisted:
        told = f"{len(unlisted)} clips are in neither list, such as {unlisted[0]}"
        damage.append(Damage(_LISTS, told, skipped=False))
    return build_clips(tree, entries, reading, classes=classes, damage=damage)


def _parts(tree: FileTree, path: Path) -> dict[str, str]:
    """Return which part each clip is of, by its name without ending."""
    beside = path.parent / _LISTS
    for place in (tree, *([open_tree(beside)] if beside.is_dir() else [])):
        lists = [found for name in place.names() if (found := _LIST.fullmatch(name))]
        lowest = min((found[2] for found in lists), default="")
        chosen = [found for found in lists if found[2] == lowest]
        if chosen:
            return {
                clip: found[1]
                for found in chosen
                for line in place.read(found[0]).decode("utf-8", "replace").splitlines()
                if (clip := _name(line))
            }
    return {}


def _name(line: str) -> str:
    """Return the clip of a line of a list, without folder, ending and label.

    >>> _name("ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1")
    'v_ApplyEyeMakeup_g08_c01'
    """
    return line.split(" ")[0].strip().rpartition("/")[2].removesuffix(".avi")
