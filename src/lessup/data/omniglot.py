"""Omniglot as it is published: drawings of the characters of many alphabets, each by twenty people.

Brenden Lake, Ruslan Salakhutdinov, Joshua Tenenbaum, *Human-level Concept Learning through Probabilistic Program
Induction*, 2015, https://doi.org/10.1126/science.aab3050. A zip, a folder, or a folder with several of the zips::

    images_background/Alphabet_of_the_Magi/character01/0709_01.png      character 709, drawer 1; 105 pixels
    omniglot/images_background.zip, omniglot/images_evaluation.zip      the latter is the official test part then

A class is a character, its super-class the alphabet, so that ``--whole-classes`` holds out whole alphabets. The two
small background sets share Latin and Greek: a drawing that is in several archives is read once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.joined_tree import JoinedTree
from lessup.samples import Damage, Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Images

wanted = "Omniglot (images_background.zip and others: ALPHABET/characterNN/NNNN_NN.png)"
general = False

_DRAWING = re.compile(r"(.*/)?(([^/]+)/character\d+)/\d{4}_\d{2}\.png")
_ARCHIVE = re.compile(r"images_(background|evaluation)\w*\.zip")


@dataclass(frozen=True)
class Drawing:
    """One drawing.

    Attributes:
        name: file within the tree.
        top: folders above the alphabet, empty or with a slash at its end.
        character: ``ALPHABET/characterNN``.
        alphabet: name.
    """

    name: str
    top: str
    character: str
    alphabet: str

    @property
    def id(self) -> str:
        """Its name below the folders above the alphabet, equal in every archive that holds it."""
        return self.name.removeprefix(self.top)


def recognises(path: Path) -> bool:
    """Tell whether drawings lie in folders of characters in folders of alphabets, or archives of them are there."""
    if not is_tree(path):
        return False
    names = open_tree(path).names()
    return any(_DRAWING.fullmatch(name) for name in names) or (path.is_dir() and any(map(_ARCHIVE.fullmatch, names)))


def load(path: Path, reading: Reading) -> Images:
    """Load all drawings, each once.

    Args:
        path: a folder or archive, or a folder of the published archives.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: two archives hold different drawings under one name, or no drawing can be used.
    """
    tree = _tree(path)
    drawings = [found for name in tree.names() if (found := _drawing(name))]
    kept, damage = _once(tree, drawings)
    parted = {part: any(part in one.top for one in kept) for part in ("images_background", "images_evaluation")}
    classes = sorted({one.character for one in kept})
    number = {name: label for label, name in enumerate(classes)}
    entries = [
        Entry(
            name=one.name,
            id=one.id,
            label=number[one.character],
            official="" if not all(parted.values()) else "test" if "images_evaluation" in one.top else "train",
        )
        for one in kept
    ]
    superclasses = [name.partition("/")[0] for name in classes]
    return build_images(tree, entries, reading, classes=classes, damage=damage, superclasses=superclasses)


def _tree(path: Path) -> FileTree:
    tree = open_tree(path)
    archives = [name for name in tree.names() if _ARCHIVE.fullmatch(name)] if path.is_dir() else []
    if not archives:
        return tree
    return JoinedTree(path, {name.removesuffix(".zip"): open_tree(path / name) for name in archives})


def _drawing(name: str) -> Drawing | None:
    found = _DRAWING.fullmatch(name)
    return Drawing(name, found[1] or "", found[2], found[3]) if found else None


def _once(tree: FileTree, drawings: Sequence[Drawing]) -> tuple[list[Drawing], list[Damage]]:
    """Return every drawing once, and how many were there again, by the folder that repeats them."""
    first: dict[str, Drawing] = {}
    again: dict[str, int] = {}
    for one in drawings:
        known = first.setdefault(one.id, one)
        if known is one:
            continue
        if tree.read(known.name) != tree.read(one.name):
            raise DataError(f"{tree.path}: {known.name} and {one.name} differ: wanted one drawing of this name")
        again[one.top] = again.get(one.top, 0) + 1
    names = {top: top.rstrip("/").rpartition("/")[2] for top in again}
    damage = [Damage(names[top], f"{count} drawings are in another set too, read once") for top, count in again.items()]
    return [*first.values()], damage
