"""A CSV or TSV of images with a label or tags each, and masks where a folder of them lies beside it.

The table has a line of names at its top. A column ``image`` (or ``file``, ``filename``, ``path``) names files relative
to the table's folder, to a folder ``images`` beside it, or by their last name alone where it is unique. A column
``label`` (or ``class``) gives one class, or ``tags`` (or ``labels``) several, parted by ``|`` or ``;``. A column
``split`` may say ``train``, ``val`` or ``test``. An empty label or tag list means that nothing is known::

    image,tags                       image  label  split
    0001.jpg,blouse | shoes | vest   a.jpg  cat    train

Give the table itself, or a folder or archive with one table at or near its top. Images that no line names have no
label. ``masks/0001.png`` belongs to ``0001.jpg``; its numbers count the lines of ``labels.txt``, the first being the
background.
"""

import csv
import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext

import numpy as np

from lessup.errors import DataError
from lessup.formats import sound_file, video_file
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.image_file import SUFFIXES
from lessup.formats.table import column, table_rows
from lessup.samples import Damage, Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Images

wanted = "a .csv or .tsv with columns image and label or tags"
general = False

_COLUMNS = {
    "image": ("image", "file", "filename", "file_name", "path"),
    "label": ("label", "class"),
    "tags": ("tags", "labels"),
    "split": ("split", "part", "set"),
}
"""Names under which a column is found, in any case of letters."""

_PARTS = {
    "train": "train",
    "training": "train",
    "val": "train",
    "valid": "train",
    "validation": "train",
    "test": "test",
}


@dataclass(frozen=True)
class Line:
    """One line of a table.

    Attributes:
        number: in the file, the line of names being 1.
        image: file as the table names it.
        names: classes; empty where nothing is known.
        split: as the table has it.
    """

    number: int
    image: str
    names: tuple[str, ...]
    split: str


@dataclass(frozen=True)
class Table:
    """A table of images.

    Attributes:
        lines: its lines.
        several: whether an image may have several classes.
    """

    lines: tuple[Line, ...]
    several: bool


def recognises(path: Path) -> bool:
    """Tell whether this is a table of images, or holds one; one among videos or sounds alone is of these."""
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        return True
    if not is_tree(path):
        return False
    found = {splitext(name)[1].lower() for name in open_tree(path).names()}
    is_of_others = bool(found & {*video_file.SUFFIXES, *sound_file.SUFFIXES}) and not found & set(SUFFIXES)
    return not is_of_others and _table_file(open_tree(path)) is not None


def load(path: Path, reading: Reading) -> Images:
    """Load the images that a table names, and the others below its folder without labels.

    Args:
        path: the table, or a folder or archive with one.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: there is no such column, a line contradicts another, or no image can be used.
    """
    if path.is_file() and not is_tree(path):
        tree, file = open_tree(path.parent), path.name
    else:
        tree = open_tree(path)
        file = _table_file(tree) or ""
    return _loaded(tree, parse(tree.read(file), file), file, file.rpartition("/")[0], reading)


def load_named(data: Path, table: Path, reading: Reading) -> Images:
    """Load the images of a folder or archive with what a table elsewhere says of them.

    Args:
        data: folder or archive of images, with ``masks/`` and ``labels.txt`` if it has them.
        table: names images relative to ``data``, to ``images/`` in it, or by their last name alone.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: one of the two is not there, or as for ``load``.
    """
    if not is_tree(data):
        raise DataError(f"no images at {data}: give a folder, zip or tar of them")
    if not table.is_file():
        raise DataError(f"no table at {table}: give a .csv or .tsv with columns image and tags")
    return _loaded(open_tree(data), parse(table.read_bytes(), table.name), table.name, "", reading)


def _loaded(tree: FileTree, table: Table, file: str, folder: str, reading: Reading) -> Images:
    """Put together what a table says of the images below a folder of a tree."""
    places = _places(tree, folder)
    lines, damage = _placed(table, places, file)
    classes = _classes(tree, folder, table)
    entries = _entries(table, lines, sorted(set(places.values())), _masks(tree, folder), classes)
    return build_images(tree, entries, reading, classes=classes, damage=damage)


def parse(content: bytes, name: str) -> Table:
    """Read a table.

    Args:
        content: of the file.
        name: of the file, for messages and to tell tabs from commas.

    Raises:
        DataError: it is not text, or lacks a column.
    """
    rows = table_rows(content, name)
    columns = _columns(rows[0] if rows else [], name)
    key = "tags" if "tags" in columns else "label"
    separator = _separator([_cell(row, columns.get("tags")) for row in rows[1:]])
    lines = []
    for number, row in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in row):
            cell = _cell(row, columns[key])
            names = cell.split(separator) if key == "tags" else [cell]
            known = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
            lines.append(Line(number, _cell(row, columns["image"]), known, _cell(row, columns.get("split")).lower()))
    return Table(tuple(lines), several=key == "tags")


def _columns(header: Sequence[str], name: str) -> dict[str, int]:
    places = {key: column(header, names) for key, names in _COLUMNS.items()}
    found = {key: place for key, place in places.items() if place >= 0}
    if "image" not in found or not {"label", "tags"} & set(found):
        raise DataError(
            f"{name} has the columns {', '.join(header) or 'none'}; wanted image, and label or tags, in its first line"
        )
    return found


def _separator(cells: Sequence[str]) -> str:
    return next((mark for mark in "|;" if any(mark in cell for cell in cells)), ",")


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _table_file(tree: FileTree) -> str | None:
    """Return the one table nearest to the top that has the columns."""
    tables = [name for name in tree.names() if name.lower().endswith((".csv", ".tsv"))]
    for name in sorted(tables, key=lambda each: (each.count("/"), each)):
        if name.count("/") > 1:
            return None
        first = tree.read(name).split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip("\r")
        try:
            _columns(next(csv.reader([first], delimiter="\t" if name.lower().endswith(".tsv") else ","), []), name)
        except DataError:
            continue
        return name
    return None


def _places(tree: FileTree, folder: str) -> dict[str, str]:
    """Return images below the table's folder by every name that a table may use; masks are none of them."""
    top = f"{folder}/" if folder else ""
    images = [
        name
        for name in tree.names()
        if name.startswith(top) and splitext(name)[1].lower() in SUFFIXES and not name.startswith(f"{top}masks/")
    ]
    last = Counter(name.rpartition("/")[2] for name in images)
    unique = {name.rpartition("/")[2]: name for name in images if last[name.rpartition("/")[2]] == 1}
    beside = {name.removeprefix(f"{top}images/"): name for name in images if name.startswith(f"{top}images/")}
    return unique | beside | {name.removeprefix(top): name for name in images}


def _placed(table: Table, places: Mapping[str, str], file: str) -> tuple[dict[str, Line], list[Damage]]:
    """Return the line of each image that is there.

    Raises:
        DataError: two lines name one image and differ.
    """
    lines: dict[str, Line] = {}
    damage = []
    for line in table.lines:
        place = places.get(line.image.removeprefix("./"))
        if place is None:
            damage.append(Damage(line.image, f"named in line {line.number} of {file} but not there"))
            continue
        first = lines.setdefault(place, line)
        if first is not line and set(first.names) != set(line.names):
            raise DataError(
                f"{file}: lines {first.number} and {line.number} both name {line.image}, once as "
                f"{' | '.join(first.names) or 'unknown'} and once as {' | '.join(line.names) or 'unknown'}: keep one"
            )
        if first is not line:
            damage.append(Damage(line.image, f"named again in line {line.number} of {file}", skipped=False))
        if line.split and line.split not in _PARTS:
            raise DataError(f"{file}: line {line.number} has the split {line.split!r}; wanted train, val or test")
    return lines, damage


def _classes(tree: FileTree, folder: str, table: Table) -> list[str]:
    """Return the names of ``labels.txt`` but for the first, the background, where masks need them; else those found."""
    found = {name for line in table.lines for name in line.names}
    file = f"{folder}/labels.txt" if folder else "labels.txt"
    if file in tree.names():
        listed = [line.strip() for line in tree.read(file).decode("utf-8", "replace").splitlines() if line.strip()][1:]
        strange = sorted(found - set(listed))
        if strange:
            near = difflib.get_close_matches(strange[0], listed, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "correct one of the two"
            raise DataError(f"{strange[0]!r} is none of the {len(listed)} classes in {file}: {hint}")
        return listed
    if not found:
        raise DataError(f"the table in {tree.path} names no class")
    return sorted(found)


def _entries(
    table: Table,
    lines: Mapping[str, Line],
    images: Sequence[str],
    masks: Mapping[str, str],
    classes: Sequence[str],
) -> list[Entry]:
    number = {name: label for label, name in enumerate(classes)}
    entries = []
    for place in images:
        line = lines.get(place)
        names = line.names if line else ()
        entries.append(
            Entry(
                name=place,
                label=number[names[0]] if names and not table.several else -1,
                official=_PARTS.get(line.split, "") if line else "",
                tags=_tags(names, number) if table.several else None,
                mask=masks.get(_stem(place), ""),
            )
        )
    return entries


def _masks(tree: FileTree, folder: str) -> dict[str, str]:
    """Return the masks beside the table by the last name of their images; they are read only if classes are listed."""
    top = f"{folder}/" if folder else ""
    if f"{top}labels.txt" not in tree.names():
        return {}
    return {_stem(name): name for name in tree.names() if name.startswith(f"{top}masks/")}


def _stem(name: str) -> str:
    return splitext(name.rpartition("/")[2])[0]


def _tags(names: Sequence[str], number: Mapping[str, int]) -> np.ndarray:
    """Return (K,) int8; an image of which nothing is known is not counted for any class."""
    tags = np.zeros(len(number), np.int8) if names else np.full(len(number), -1, np.int8)
    tags[[number[name] for name in names]] = 1
    return tags
