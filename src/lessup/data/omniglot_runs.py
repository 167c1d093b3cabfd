"""The 20 runs of Omniglot's one-shot classification, as they are published in ``all_runs.zip``.

Brenden Lake, Ruslan Salakhutdinov, Joshua Tenenbaum, *Human-level Concept Learning through Probabilistic Program
Induction*, 2015, https://doi.org/10.1126/science.aab3050. In a zip, tar or folder::

    run01/class_labels.txt                       lines such as: run01/test/item01.png run01/training/class14.png
    run01/training/class01.png ... class20.png   one drawing of each of 20 characters of an alphabet
    run01/test/item01.png ... item20.png         one more of each, by another drawer

A class is a character of a run, its super-class the run. Training drawings are of the official training part.
"""

import re
from pathlib import Path

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.samples import Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Images

wanted = "Omniglot's one-shot runs (run01/class_labels.txt, run01/training/, run01/test/)"
general = False

_LABELS = re.compile(r"(.*/)?(run\d+)/class_labels\.txt")


def recognises(path: Path) -> bool:
    """Tell whether a folder of a run holds its list of classes."""
    return is_tree(path) and any(map(_LABELS.fullmatch, open_tree(path).names()))


def load(path: Path, reading: Reading) -> Images:
    """Load the drawings of all runs.

    Args:
        path: the folder or archive.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: a line of a list cannot be read, names what is not there, or no drawing can be used.
    """
    tree = open_tree(path)
    there = set(tree.names())
    pairs = [pair for name in tree.names() if _LABELS.fullmatch(name) for pair in _pairs(tree, name, there)]
    trained = dict.fromkeys(training for _, _, training in pairs)
    run_of = {training: run for run, _, training in pairs}
    classes = [f"{run_of[name]}/{Path(name).stem}" for name in trained]
    number = {name: label for label, name in enumerate(trained)}
    entries = [Entry(name=name, label=label, official="train") for name, label in number.items()]
    entries += [Entry(name=item, label=number[training], official="test") for _, item, training in pairs]
    superclasses = [run_of[name] for name in trained]
    return build_images(tree, entries, reading, classes=classes, superclasses=superclasses)


def _pairs(tree: FileTree, name: str, there: set[str]) -> list[tuple[str, str, str]]:
    """Return run, test drawing and training drawing of every line of a list."""
    found = _LABELS.fullmatch(name)
    assert found is not None
    top, run = found[1] or "", found[2]
    pairs = []
    for number, line in enumerate(tree.read(name).decode("utf-8", "replace").splitlines(), 1):
        files = line.split()
        if not files:
            continue
        missing = [file for file in files if f"{top}{file}" not in there]
        if len(files) != 2 or missing:
            raise DataError(
                f"{tree.path}: line {number} of {name} is {line[:80]!r}; wanted a test and a training drawing that are "
                f"there, such as {run}/test/item01.png {run}/training/class14.png"
            )
        pairs.append((run, f"{top}{files[0]}", f"{top}{files[1]}"))
    return pairs
