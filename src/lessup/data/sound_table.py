"""Sounds with a table of their classes, as ESC-50 has it: ``audio/1-100032-A-0.wav`` and ``meta/esc50.csv``.

A table is a ``.csv`` or ``.tsv`` among the sounds whose first line has ``filename`` (or ``file``, ``sound``, ``audio``,
``path``) and ``category`` (or ``label``, ``class``), and ``split`` if there is one. Files are named with or without the
folders above them; sounds in no line have no label.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext

from lessup.data import sound_folder
from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.sound_file import SUFFIXES
from lessup.formats.table import column, table_rows
from lessup.samples import Damage, Reading
from lessup.samples.sound_entries import SoundEntry, build_sounds
from lessup.samples.sounds import Sounds

wanted = "a folder, zip or tar of sounds with a .csv that has columns filename and category, as ESC-50"
general = False

_PARTS = {"train": "train", "val": "train", "validation": "train", "test": "test", "eval": "test"}

_DEEPEST = 2
"""Folders above a table at most: ``ESC-50-master/meta/esc50.csv``."""


@dataclass(frozen=True)
class Line:
    """What a line of a table says: a file, its class and ``train``, ``test`` or nothing."""

    file: str
    label: str
    official: str


def recognises(path: Path) -> bool:
    """Tell whether a table of classes lies among sounds."""
    return is_tree(path) and sound_folder.recognises(path) and bool(_lines(open_tree(path)))


def load(path: Path, reading: Reading) -> Sounds:
    """Load the sounds of a folder with the classes of its table.

    Args:
        path: the folder or archive.
        reading: ``seconds``.

    Raises:
        DataError: two lines contradict one another, or no sound can be used.
        MissingExtraError: the extra ``sound`` is not installed.
    """
    tree = open_tree(path)
    names = [name for name in tree.names() if splitext(name)[1].lower() in SUFFIXES]
    lines = _lines(tree)
    said = _placed(lines, names)
    used = set(said.values())
    classes = sorted({line.label for line in used if line.label})
    missing = [line for line in lines if line not in used]
    told = f"{len(missing)} of {len(lines)} lines name sounds that are not there, this one the first"
    return build_sounds(
        tree,
        [_entry(name, said, classes) for name in names],
        reading,
        classes=classes,
        damage=[Damage(missing[0].file, told)] if missing else [],
    )


def _lines(tree: FileTree) -> list[Line]:
    """Return the lines of every table of classes."""
    tables = [name for name in tree.names() if name.lower().endswith((".csv", ".tsv")) and name.count("/") <= _DEEPEST]
    found = []
    for table in tables:
        try:
            rows = table_rows(tree.read(table), table)
        except DataError:
            continue  # no text: none of ours
        head = rows[0] if rows else []
        file = column(head, ("filename", "file", "sound", "audio", "path"))
        label, part = column(head, ("category", "label", "class")), column(head, ("split", "part", "set"))
        for row in rows[1:] if min(file, label) >= 0 else ():
            cells = [row[place].strip() if 0 <= place < len(row) else "" for place in (file, label, part)]
            if cells[0]:
                found.append(Line(cells[0].removeprefix("./"), cells[1], _PARTS.get(cells[2].lower(), "")))
    return found


def _placed(lines: list[Line], names: list[str]) -> dict[str, Line]:
    """Return what is said of each sound that a line names.

    Raises:
        DataError: two lines name one sound and differ.
    """
    ending = defaultdict(list)
    for name in names:
        parts = name.split("/")
        for start in range(len(parts)):
            ending["/".join(parts[start:])].append(name)
    said: dict[str, Line] = {}
    for line in lines:
        for name in ending.get(line.file, []):
            first = said.setdefault(name, line)
            if first.label != line.label:
                raise DataError(f"two lines name {name}, once as {first.label} and once as {line.label}: keep one")
    return said


def _entry(name: str, said: Mapping[str, Line], classes: list[str]) -> SoundEntry:
    line = said.get(name)
    label = classes.index(line.label) if line and line.label else -1
    return SoundEntry(name=name, label=label, official=line.official if line else "")
