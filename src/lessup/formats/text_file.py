"""Words of text files of any length, in bounded memory."""

import codecs
import re
from collections.abc import Iterator
from typing import IO, Literal

from lessup.errors import DataError
from lessup.formats.words import words

SUFFIXES = (".txt", ".text")
"""Endings of files of plain text."""

Tokens = Literal["words", "blanks"]
"""``words`` are runs of letters, digits and underscores in lower case; ``blanks`` parts at blanks alone."""

BLOCK = 1 << 20
"""Bytes that are read at once."""

MOST_WORD = 1 << 16
"""Characters without a blank that are still taken for a word; more are no text."""

_BLANKS = re.compile(r"\s")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")


def sentences(file: IO[bytes], tokens: Tokens = "words", *, paragraphs: bool = False) -> Iterator[list[str]]:
    r"""Give the words of every line, or of every paragraph: what stands between empty lines.

    What is longer than ``BLOCK`` comes in several parts.

    Args:
        file: UTF-8, with or without a byte order mark; read block by block.
        tokens: what a word is.
        paragraphs: whether lines that follow one another belong together.

    Raises:
        DataError: it is not text in UTF-8; the message gives the reason alone.

    >>> import io
    >>> list(sentences(io.BytesIO(b"One\ntwo.\n\nThree\n"), paragraphs=True))
    [['one', 'two'], ['three']]
    """
    split = words if tokens == "words" else str.split
    rest = ""
    for text in _blocks(file):
        text = rest + text
        parts = _PARAGRAPH.split(text) if paragraphs else text.split("\n")
        whole, rest = parts[:-1], parts[-1]
        if len(rest) > BLOCK:  # an end of words, before blanks, so that an empty line is seen whole
            end = _last_blank(rest)
            whole, rest = [*whole, rest[:end]], rest[end:]
        yield from filter(None, map(split, whole))
    yield from filter(None, [split(rest)])


def has_paragraphs(file: IO[bytes]) -> bool:
    """Tell whether the first block has empty lines between lines that are not."""
    text = file.read(BLOCK).decode("utf-8", "replace").replace("\r\n", "\n").strip()
    return bool(_PARAGRAPH.search(text))


def _blocks(file: IO[bytes]) -> Iterator[str]:
    """Give text as it comes."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    read, held = 0, ""
    while True:
        content = file.read(BLOCK)
        try:
            text = held + decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            raise DataError(f"not text in UTF-8: {error.reason} near byte {read + error.start}") from error
        held = "\r" if text.endswith("\r") and content else ""  # a line end may be cut in two
        text = text.removesuffix(held) if held else text
        if "\0" in text:
            raise DataError("not text: it holds bytes of 0")
        read += len(content)
        if text:
            yield text.replace("\r\n", "\n").replace("\r", "\n")
        if not content:
            return


def _last_blank(text: str) -> int:
    """Return where the last word ends that a blank follows; 0 if there is none yet.

    Raises:
        DataError: there is none in so many characters that it is no text.
    """
    ends = [blank.start() for blank in _BLANKS.finditer(text, max(len(text) - MOST_WORD, 0))]
    if not ends and len(text) > MOST_WORD:
        raise DataError(f"not text: no blank in {MOST_WORD} characters")
    return len(text[: ends[-1]].rstrip()) if ends else 0
