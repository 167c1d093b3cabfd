"""Videos with a list of what is in them: the lists of VGGSound and AudioSet as published, or any table with a head.

====================  ==============================================================================================
list                  a line
====================  ==============================================================================================
VGGSound              ``YOUTUBE-ID,start in seconds,label,train or test``
AudioSet              ``YOUTUBE-ID, start, end, "/m/09x0r,/t/dd00088"``; ``class_labels_indices.csv`` gives names;
                      a list is the test part if its name begins with ``eval``
any                   a head with ``video`` (or ``clip``, ``file``, ``path``), ``label`` (or ``class``) or ``tags``
                      (parted by ``|`` or ``;``), and ``split`` if there is one
====================  ==============================================================================================

Give the folder or archive of the videos with the lists at or near its top. Files of YouTube are found by their names:
the 11 signs of the clip, and its start in seconds or thousandths where it is named (``ID.mp4``, ``ID_000030.mp4``,
``ID_30000_40000.mp4``). Videos in no list have no label.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext

import numpy as np

from lessup.data import video_folder
from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.table import column, table_rows
from lessup.formats.video_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.clip_entries import ClipEntry, build_clips
from lessup.samples.clips import Clips

wanted = "a folder of videos with the .csv of VGGSound or AudioSet, or one with columns video and label or tags"
general = False

_ID = 11
"""Signs of a clip of YouTube."""

_START = re.compile(r"[_-](\d+(?:\.\d+)?)(?:[_-]\d+(?:\.\d+)?)?")

_NAMES = "class_labels_indices.csv"

_PARTS = {"train": "train", "val": "train", "validation": "train", "test": "test", "eval": "test"}


@dataclass(frozen=True)
class Line:
    """What a line of a list says.

    Attributes:
        clip: name of a file, or of a clip of YouTube.
        start_s: where the clip begins in its video; -1 where ``clip`` names a file.
        names: of classes.
        official: ``train``, ``test`` or empty.
    """

    clip: str
    start_s: float
    names: tuple[str, ...]
    official: str


def recognises(path: Path) -> bool:
    """Tell whether a list lies among videos."""
    if not is_tree(path) or not video_folder.recognises(path):
        return False
    try:
        return bool(_lists(open_tree(path)))
    except DataError:
        return True  # ``load`` says what is wrong


def load(path: Path, reading: Reading) -> Clips:
    """Look through the videos of a folder, with what its lists say of them.

    Args:
        path: the folder or archive.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``frames``.

    Raises:
        DataError: two lines contradict one another, or no video can be used.
        MissingExtraError: the extra ``video`` is not installed.
    """
    tree = open_tree(path)
    lines = [line for each in _lists(tree).values() for line in each]
    videos = [name for name in tree.names() if splitext(name)[1].lower() in SUFFIXES]
    said = _placed(lines, videos)
    classes = sorted({name for line in said.values() for name in line.names})
    several = any(len(line.names) > 1 for line in said.values())
    entries = [_entry(name, said.get(name), classes, several=several) for name in videos]
    used = set(map(id, said.values()))
    missing = [line for line in lines if id(line) not in used]
    told = f"{len(missing)} of {len(lines)} lines name clips that are not there" if missing else ""
    damage = [Damage(missing[0].clip, f"{told}, this one the first")] if missing else []
    return build_clips(tree, entries, reading, classes=classes, damage=damage)


def parse(rows: Sequence[Sequence[str]], name: str) -> tuple[Line, ...]:
    """Read a list; empty if it is none.

    Args:
        rows: cells of its lines.
        name: of the file.

    Raises:
        DataError: it begins as a list and goes on otherwise.

    >>> parse([["---g-f_I2yQ", "1", "people marching", "test"]], "vggsound.csv")
    (Line(clip='---g-f_I2yQ', start_s=1.0, names=('people marching',), official='test'),)
    """
    stripped = [[cell.strip() for cell in row] for row in rows]
    lines = [row for row in stripped if any(row) and not row[0].startswith("#")]
    if not lines:
        return ()
    forms = {"ID,start,label,train or test": _is_vggsound, 'ID, start, end, "labels"': _is_audioset}
    form = next((form for form, fits in forms.items() if fits(lines[0])), None)
    if form is None:
        return _with_head(lines)
    odd = next((row for row in lines if not forms[form](row)), None)
    if odd is not None:
        raise DataError(f"{name}: the line {','.join(odd)!r} is not {form}, as the first is: correct or remove it")
    if forms[form] is _is_vggsound:
        return tuple(Line(row[0], float(row[1]), (row[2],), _PARTS[row[3]]) for row in lines)
    part = "test" if name.rpartition("/")[2].lower().startswith("eval") else "train"
    return tuple(Line(row[0], float(row[1]), _split(",".join(row[3:]).replace('"', ""), ","), part) for row in lines)


def _is_vggsound(row: Sequence[str]) -> bool:
    return len(row) == 4 and _is_number(row[1]) and row[3] in _PARTS


def _is_audioset(row: Sequence[str]) -> bool:
    return len(row) >= 4 and _is_number(row[1]) and _is_number(row[2])


def _with_head(rows: Sequence[Sequence[str]]) -> tuple[Line, ...]:
    places = {
        "clip": column(rows[0], ("video", "clip", "file", "filename", "path")),
        "label": column(rows[0], ("label", "class")),
        "tags": column(rows[0], ("tags", "labels")),
        "split": column(rows[0], ("split", "part", "set")),
    }
    if places["clip"] < 0 or max(places["label"], places["tags"]) < 0:
        return ()
    lines = []
    for row in rows[1:]:
        cell = {key: row[place] if 0 <= place < len(row) else "" for key, place in places.items()}
        tags = _split(cell["tags"], "|" if "|" in cell["tags"] else ";")
        names = tags if places["tags"] >= 0 else _split(cell["label"], "\0")
        lines.append(Line(cell["clip"].removeprefix("./"), -1.0, names, _PARTS.get(cell["split"].lower(), "")))
    return tuple(lines)


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(separator) if part.strip()))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


def _lists(tree: FileTree) -> dict[str, tuple[Line, ...]]:
    """Return the lines of every list at or near the top, with the names of AudioSet's classes."""
    tables = [name for name in tree.names() if name.lower().endswith((".csv", ".tsv")) and name.count("/") <= 1]
    names: dict[str, str] = {}
    lists = {}
    for table in tables:
        try:
            rows = table_rows(tree.read(table), table)
        except DataError:
            continue  # no text: none of ours
        if table.rpartition("/")[2] == _NAMES:
            names = {row[1]: row[2] for row in rows if len(row) > 2}
        else:
            lists[table] = parse(rows, table)
    return {table: tuple(_renamed(line, names) for line in lines) for table, lines in lists.items() if lines}


def _renamed(line: Line, names: Mapping[str, str]) -> Line:
    return Line(line.clip, line.start_s, tuple(names.get(name, name) for name in line.names), line.official)


def _placed(lines: Sequence[Line], videos: Sequence[str]) -> dict[str, Line]:
    """Return what is said of each video that a line names.

    Raises:
        DataError: two lines name one video and differ.
    """
    named: dict[str, list[str]] = defaultdict(list)
    for video in videos:
        last = splitext(video.rpartition("/")[2])[0]
        for key in {video, video.rpartition("/")[2], last[:_ID], last[1 : _ID + 1] if last[:1] == "Y" else video}:
            named[key].append(video)
    said: dict[str, Line] = {}
    for line in lines:
        for video in named.get(line.clip, []):
            if not _begins(video, line):
                continue
            first = said.setdefault(video, line)
            if set(first.names) != set(line.names):
                names = [" | ".join(each.names) or "nothing" for each in (first, line)]
                raise DataError(f"two lines name {video}, once as {names[0]} and once as {names[1]}: keep one")
    return said


def _begins(video: str, line: Line) -> bool:
    """Tell whether a video, whose name fits a line, begins where the line says, as far as its name tells."""
    if line.start_s < 0:
        return True
    last = splitext(video.rpartition("/")[2])[0]
    found = _START.fullmatch(last[last.index(line.clip) + len(line.clip) :]) if line.clip in last else None
    return found is None or float(found[1]) in (line.start_s, round(line.start_s), 1000 * line.start_s)


def _entry(name: str, line: Line | None, classes: Sequence[str], *, several: bool) -> ClipEntry:
    names = line.names if line else ()
    tags = np.array([each in names for each in classes], np.int8) if names else np.full(len(classes), -1, np.int8)
    return ClipEntry(
        id=name,
        files=(name,),
        label=classes.index(names[0]) if len(names) == 1 else -1,
        group=line.clip if line else name,
        official=line.official if line else "",
        tags=tags if several else None,
    )
