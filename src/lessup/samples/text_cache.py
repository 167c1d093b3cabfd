"""Turn the words of a source into numbers once, in a memory-mapped file that later runs open at once.

Files are read twice, block by block: to count the words, and to write their places in the vocabulary; and once more
before for every pass in search of phrases. See ``folder_cache`` for where it is kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import npz
from lessup.formats.file_tree import FileTree
from lessup.formats.text_file import has_paragraphs, sentences
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.folder_cache import FolderCache, content_key, unread_stamp
from lessup.samples.image_decoding import Progress
from lessup.samples.phrases import PhraseCount, Phrases
from lessup.samples.texts import END
from lessup.samples.vocabulary import Count, Vocabulary

_VERSION = "texts-1"
"""Part of every key; another number wherever the same file would give other numbers."""

_TOKENS, _INDEX = "tokens", "index.npz"

_KEYS = ("reason", "stop", "words", "counts", "totals")


@dataclass(frozen=True, eq=False)
class TextNumbers:
    """What became of M files.

    Attributes:
        key: stands for the content of the files and how they were read.
        reason: (M,) why a file gave no words; empty where there is nothing to say.
        stop: (M,) int64, where the words of each file end in ``flat``.
        flat: int32, see ``Texts``.
        vocabulary: of all files together.
    """

    key: str
    reason: NDArray[np.str_]
    stop: NDArray[np.int64]
    flat: NDArray[np.int32]
    vocabulary: Vocabulary


def text_numbers(tree: FileTree, names: Sequence[str], reading: Reading) -> TextNumbers:
    """Read files, or open what an earlier call made of the same files.

    Args:
        tree: the folder or archive.
        names: M >= 1 text files in it.
        reading: ``tokens``, ``sentences``, ``min_count``, ``phrases`` and ``phrase_score``.

    Raises:
        DataError: too few words occur often enough, or there is nowhere to write.
    """
    joined = (*map(str, reading.phrases), reading.phrase_score) if reading.phrases else ()
    settings = fingerprint(_VERSION, reading.tokens, reading.sentences, str(reading.min_count), *joined)
    return FolderCache(
        source=tree.path,
        noun="texts",
        settings=settings,
        count=len(names),
        suffix=".texts",
        stamp=unread_stamp(tree, names, settings),
        keys=lambda: (content_key(tree, name) for name in names),
        write=lambda folder: _write(folder, tree, names, reading),
        open=_open,
    ).found_or_made()


def _write(folder: Path, tree: FileTree, names: Sequence[str], reading: Reading) -> list[str]:
    count, reason, phrases = Count(), dict.fromkeys(names, ""), _phrases(tree, names, reading)
    with Progress("counting words", len(names)) as progress:
        for name in names:
            before = count.num_tokens
            try:
                count.add(_sentences(tree, name, reading, phrases))
            except DataError as error:
                reason[name] = str(error)
            if not reason[name] and count.num_tokens == before:
                reason[name] = "no words"
            progress.advance()
    usable = [name for name in names if not reason[name]]
    if not usable:
        raise DataError(
            f"none of the {len(names)} texts in {tree.path} can be used, such as {names[0]}: {reason[names[0]]}"
        )
    vocabulary, stop = count.vocabulary(reading.min_count), []
    with (folder / _TOKENS).open("wb") as out, Progress("numbering words", len(names)) as progress:
        for name in names:
            for sentence in _sentences(tree, name, reading, phrases) if not reason[name] else ():
                found = [vocabulary.place[word] for word in sentence if word in vocabulary.place]
                out.write(np.array([*found, END], np.int32).data if found else b"")
            stop.append(out.tell() // 4)
            progress.advance()
    totals = np.array([vocabulary.num_tokens, vocabulary.num_rare])
    columns = {"reason": np.array([*reason.values()]), "stop": np.array(stop), "totals": totals}
    words = {"words": np.array(vocabulary.words), "counts": vocabulary.counts}
    np.savez(folder / _INDEX, allow_pickle=False, **columns, **words)
    return [content_key(tree, name) for name in names]


def _phrases(tree: FileTree, names: Sequence[str], reading: Reading) -> list[Phrases]:
    """Search for phrases, pass by pass: each sees what those before it joined."""
    found: list[Phrases] = []
    for number, threshold in enumerate(reading.phrases, 1):
        count = PhraseCount.empty()
        with Progress(f"searching for phrases, pass {number} of {len(reading.phrases)}", len(names)) as progress:
            for name in names:
                with suppress(DataError):  # it is told when the words are counted
                    count.add(_sentences(tree, name, reading, found))
                progress.advance()
        found.append(count.phrases(threshold, reading.min_count, reading.phrase_score))
    return found


def _sentences(tree: FileTree, name: str, reading: Reading, phrases: Sequence[Phrases]) -> Iterator[list[str]]:
    """Give the sentences of a file, which are its lines, its paragraphs, or what it seems to have, phrases joined."""
    paragraphs = reading.sentences == "paragraphs"
    if reading.sentences == "auto":
        with tree.open(name) as file:
            paragraphs = has_paragraphs(file)
    with tree.open(name) as file:
        for sentence in sentences(file, reading.tokens, paragraphs=paragraphs):
            for each in phrases:
                sentence = each.joined(sentence)
            yield sentence


def _open(folder: Path) -> TextNumbers:
    """Map what ``_write`` wrote.

    Raises:
        DataError: it is not there, or damaged.
    """
    index = {key: npz.read(folder / _INDEX, key) for key in _KEYS}
    with npz.named_errors(folder / _TOKENS):
        flat = np.memmap(folder / _TOKENS, np.int32, mode="r")
    if index["stop"].max() > len(flat):
        raise DataError(f"{folder / _TOKENS}: {len(flat)} words; wanted more")
    total, rare = index["totals"].tolist()
    vocabulary = Vocabulary(tuple(index["words"].tolist()), index["counts"], total, rare)
    return TextNumbers(folder.stem, index["reason"], index["stop"], flat, vocabulary)
