"""A folder of plain text, or a zip or tar of one, or one file: what word vectors are learnt from.

Files end in ``.txt`` and are UTF-8; their lines, or paragraphs where there are empty lines, are the sentences. The
first level of folders that differs gives the classes, as for images. Nothing is ever held whole.
"""

from collections import Counter
from pathlib import Path
from posixpath import splitext

import numpy as np

from lessup.errors import DataError, UsageError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.text_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.class_folders import Layout, layout
from lessup.samples.text_cache import TextNumbers, text_numbers
from lessup.samples.texts import PIECE, Texts

wanted = "a folder, zip or tar of plain text (.txt), or one such file"
general = True


def recognises(path: Path) -> bool:
    """Tell whether it is a text, or texts are most of what is there."""
    if path.is_file() and not is_tree(path):
        return _suffix(path.name) in SUFFIXES
    if not is_tree(path):
        return False
    suffixes = Counter(_suffix(name) for name in open_tree(path).names())
    texts = sum(suffixes[each] for each in SUFFIXES)
    return 2 * texts > suffixes.total()


def load(path: Path, reading: Reading) -> Texts:
    """Read every text below a folder or in an archive, through a cache beside it.

    Args:
        path: folder, archive or file.
        reading: ``tokens``, ``sentences``, ``min_count``, ``phrases`` and ``phrase_score``.

    Raises:
        DataError: there are no texts, none can be used, or too few words occur often enough.
        UsageError: ``min_count`` is below 1, or a threshold of phrases below 0.
    """
    if reading.min_count < 1:
        raise UsageError(f"--min-count {reading.min_count}: wanted 1 or more")
    if min(reading.phrases, default=0) < 0:
        raise UsageError(f"--phrases {min(reading.phrases):g}: wanted thresholds of 0 or more, such as 200 100")
    tree = open_tree(path if is_tree(path) else path.parent)
    names = [name for name in tree.names() if _suffix(name) in SUFFIXES] if is_tree(path) else [path.name]
    if not names:
        raise DataError(f"no texts in {path}: wanted {', '.join(SUFFIXES)}")
    return _texts(tree, layout(names), reading)


def _texts(tree: FileTree, found: Layout, reading: Reading) -> Texts:
    """Cut the numbers of the words of all files into pieces."""
    numbers = text_numbers(tree, [one.name for one in found.files], reading)
    damage = [Damage(one.name, str(why)) for one, why in zip(found.files, numbers.reason, strict=True) if why]
    source, start, length = _pieces(numbers)
    place = [int(number - np.searchsorted(source, of)) for number, of in enumerate(source)]
    files = [found.files[of] for of in source]
    return Texts(
        flat=numbers.flat,
        start=start,
        length=length,
        vocabulary=numbers.vocabulary,
        id=np.array([f"{one.id}#{number}" for one, number in zip(files, place, strict=True)]),
        label=np.array([one.label for one in files], np.int64),
        classes=tuple(found.classes),
        group=source,
        official=np.array([one.official for one in files], np.str_),
        fingerprint=numbers.key,
        damage=tuple(damage),
    )


def _pieces(numbers: TextNumbers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (N,) the file, start and length of every piece, all int64."""
    begin = np.concatenate([[0], numbers.stop[:-1]])
    starts = [np.arange(first, last, PIECE) for first, last in zip(begin, numbers.stop, strict=True)]
    source = np.repeat(np.arange(len(starts)), [len(each) for each in starts])
    start = np.concatenate(starts).astype(np.int64)
    return source, start, np.minimum(start + PIECE, numbers.stop[source]) - start


def _suffix(name: str) -> str:
    return splitext(name)[1].lower()
