"""Tiny-ImageNet-200 as it is published, in a folder, zip or tar; ``val`` is the official test part.

Stanford CS231n, *Tiny ImageNet Visual Recognition Challenge*, 2015: 200 classes of ImageNet, 64 pixels, a box each::

    wnids.txt, words.txt                                         classes and their names
    train/n01443537/images/*.JPEG, train/n01443537/n01443537_boxes.txt
    val/images/*.JPEG, val/val_annotations.txt

The images of ``test`` have no labels and are left alone. Boxes are stored with the last pixel inside them; here their
right and bottom are outside.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.samples import Damage, Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Boxes, Images

wanted = "Tiny-ImageNet (wnids.txt, train/CLASS/images/, val/val_annotations.txt)"
general = False

_CLASSES, _WORDS, _ANNOTATIONS = "wnids.txt", "words.txt", "val/val_annotations.txt"


def recognises(path: Path) -> bool:
    """Tell whether the list of classes and the annotations of ``val`` lie side by side."""
    return is_tree(path) and _top(open_tree(path)) is not None


def load(path: Path, reading: Reading) -> Images:
    """Load the training and validation images with their classes and boxes.

    Args:
        path: the folder or archive.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: an annotation cannot be read, or no image can be used.
    """
    tree = open_tree(path)
    top = _top(tree)
    if top is None:
        raise DataError(f"{path}: wanted {wanted}")
    numbers = sorted(_text(tree, top + _CLASSES).split())
    entries = [*_train(tree, top, numbers), *_val(tree, top, numbers)]
    there = set(tree.names())
    missing = [Damage(entry.name, "in the list, but not there") for entry in entries if entry.name not in there]
    kept = [entry for entry in entries if entry.name in there]
    return build_images(tree, kept, reading, classes=_names(tree, top, numbers), damage=missing)


def _top(tree: FileTree) -> str | None:
    """Return the folder that holds the data set, empty or with a slash at its end; None if there is none."""
    top = tree.folder_with(_CLASSES)
    return top if top is not None and f"{top}{_ANNOTATIONS}" in tree.names() else None


def _names(tree: FileTree, top: str, numbers: list[str]) -> list[str]:
    """Return the first English word of every class, with its number where two classes share it."""
    words = dict(line.split("\t", 1) for line in _text(tree, top + _WORDS).splitlines() if "\t" in line)
    names = [words.get(number, number).split(",")[0].strip() for number in numbers]
    uses = Counter(names)
    return [name if uses[name] == 1 else f"{name} {number}" for name, number in zip(names, numbers, strict=True)]


def _train(tree: FileTree, top: str, numbers: list[str]) -> Iterator[Entry]:
    for label, number in enumerate(numbers):
        for name, *corners in _rows(tree, f"{top}train/{number}/{number}_boxes.txt", fields=5):
            yield _entry(top, f"train/{number}/images/{name}", label, "train", corners)


def _val(tree: FileTree, top: str, numbers: list[str]) -> Iterator[Entry]:
    labels = {number: label for label, number in enumerate(numbers)}
    for name, number, *corners in _rows(tree, top + _ANNOTATIONS, fields=6):
        if number not in labels:
            raise DataError(f"{tree.path}: {_ANNOTATIONS} names class {number!r}, which is not in {_CLASSES}")
        yield _entry(top, f"val/images/{name}", labels[number], "test", corners)


def _entry(top: str, id: str, label: int, official: str, corners: list[str]) -> Entry:
    left, upper, last_column, last_row = (float(number) for number in corners)
    boxes = Boxes(
        corners=np.array([[left, upper, last_column + 1, last_row + 1]], np.float32),
        label=np.array([label]),
        difficult=np.array([False]),
    )
    return Entry(name=top + id, id=id, label=label, official=official, boxes=boxes)


def _rows(tree: FileTree, name: str, *, fields: int) -> Iterator[list[str]]:
    """Yield the lines of a table without header: texts, and four whole numbers at the end."""
    for number, line in enumerate(_text(tree, name).splitlines(), 1):
        row = line.split("\t")
        if len(row) != fields or not all(text.isdecimal() for text in row[-4:]):
            raise DataError(
                f"{tree.path}: line {number} of {name} is {line[:60]!r}; wanted {fields} fields, four numbers last"
            )
        yield row


def _text(tree: FileTree, name: str) -> str:
    try:
        return tree.read(name).decode()
    except (DataError, UnicodeDecodeError) as error:
        raise DataError(f"{tree.path}: {name}: {error}") from error
