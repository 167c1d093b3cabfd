"""Sentences that say what is in images: COCO's captions, or a table of image and caption."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from lessup.errors import DataError
from lessup.formats.file_tree import is_tree, open_tree
from lessup.formats.table import column, table_rows

IMAGE, CAPTION = ("image", "file", "filename", "file_name", "path"), ("caption", "text", "sentence")
"""Names under which the columns of a table are found, in any case of letters."""

Captions = Mapping[str, tuple[str, ...]]
"""Sentences by the file of the image, as it is named where they come from."""


def read_captions(path: Path) -> Captions:
    """Read all captions of a file, or those in a folder or archive that holds COCO's ``captions*.json``.

    Args:
        path: a JSON file as COCO has it, a ``.csv`` or ``.tsv`` with columns image and caption and a line a sentence,
            or the folder or archive.

    Raises:
        DataError: there is no such file, or it is of another kind.
    """
    found: dict[str, list[str]] = {}
    for name, content in _contents(path).items():
        told = _from_json(content, name) if name.lower().endswith(".json") else _from_table(content, name)
        for image, sentence in told:
            found.setdefault(image.removeprefix("./"), []).append(sentence)
    return {image: tuple(sentences) for image, sentences in found.items()}


def matched(captions: Captions, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the sentences of every image, none where it has no caption.

    Args:
        captions: by file.
        names: of images; each is looked up as it is, then by its last name alone where that is unique.

    >>> matched({"a.jpg": ("a cat",)}, ["train/a.jpg", "train/b.jpg"])
    [('a cat',), ()]
    """
    last = [name.rpartition("/")[2] for name in names]
    times = Counter(last)
    return [
        captions.get(name) or (captions.get(own, ()) if times[own] == 1 else ())
        for name, own in zip(names, last, strict=True)
    ]


def _contents(path: Path) -> dict[str, bytes]:
    if is_tree(path):
        tree = open_tree(path)
        names = [name for name in tree.names() if name.rpartition("/")[2].startswith("captions")]
        files = [name for name in names if name.endswith(".json")]
        if not files:
            raise DataError(f"{path} has no captions*.json: give that file itself, or a table of image and caption")
        return {name: tree.read(name) for name in files}
    if not path.is_file() or path.suffix.lower() not in (".json", ".csv", ".tsv"):
        raise DataError(f"no captions at {path}: wanted COCO's captions*.json, or a .csv or .tsv of image and caption")
    return {path.name: path.read_bytes()}


def _from_json(content: bytes, name: str) -> list[tuple[str, str]]:
    try:
        told = json.loads(content)
        files = {each["id"]: str(each["file_name"]) for each in told["images"]}
        return [(files[each["image_id"]], str(each["caption"])) for each in told["annotations"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{name} is not what COCO's captions are: {error!r}") from error


def _from_table(content: bytes, name: str) -> list[tuple[str, str]]:
    rows = table_rows(content, name)
    header = rows[0] if rows else []
    image, caption = column(header, IMAGE), column(header, CAPTION)
    if min(image, caption) < 0:
        raise DataError(f"{name} has the columns {', '.join(header) or 'none'}; wanted image and caption")
    return [(row[image].strip(), row[caption]) for row in rows[1:] if len(row) > max(image, caption)]
