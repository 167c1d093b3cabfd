"""Files that ask what word vectors know: analogies in sections, and pairs of words with how alike people find them."""

from dataclasses import dataclass
from importlib import util
from pathlib import Path

from lessup.errors import DataError, MissingExtraError

BROUGHT = {"questions-words": "questions-words.txt", "wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}
"""Files that come with gensim, by the name under which they are asked for."""


@dataclass(frozen=True)
class Analogies:
    """Questions of one kind.

    Attributes:
        section: what kind.
        questions: the four words of each: the first is to the second as the third to the fourth.
    """

    section: str
    questions: tuple[tuple[str, str, str, str], ...]

    @property
    def syntactic(self) -> bool:
        """Whether it is about forms of words: then its name begins with ``gram``."""
        return self.section.startswith("gram")


@dataclass(frozen=True)
class WordPair:
    """Two words and how alike people find them, in any unit."""

    first: str
    second: str
    likeness: float


def read_analogies(name: str) -> tuple[Analogies, ...]:
    """Read sections that begin with a line such as ``: family``, of four words a line.

    Args:
        name: a file, or one of ``BROUGHT``.

    Raises:
        DataError: there is no such file, or a line is neither; the message names it.
        MissingExtraError: gensim, which brings the file, is not there.
    """
    sections: list[tuple[str, list[tuple[str, str, str, str]]]] = []
    for number, line in _lines(name):
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
            continue
        words = line.split()
        if len(words) != 4 or not sections:
            raise DataError(
                f"{name}: line {number} is {line[:60]!r}; wanted four words, below a line such as ': family'"
            )
        sections[-1][1].append((words[0], words[1], words[2], words[3]))
    found = tuple(Analogies(section, tuple(questions)) for section, questions in sections if questions)
    if not found:
        raise DataError(f"{name} asks nothing: wanted four words a line, below a line such as ': family'")
    return found


def read_word_pairs(name: str) -> tuple[WordPair, ...]:
    """Read two words and a number a line, parted by tabs, commas or semicolons; the first line may name the columns.

    Args:
        name: a file, or one of ``BROUGHT``; lines that begin with # are left out.

    Raises:
        DataError: there is no such file, or a line is none of that; the message names it.
        MissingExtraError: gensim, which brings the file, is not there.
    """
    found: list[WordPair] = []
    for place, (number, line) in enumerate(one for one in _lines(name) if not one[1].startswith("#")):
        mark = next((mark for mark in "\t,;" if mark in line), None)
        cells = [cell.strip() for cell in line.split(mark)]
        try:
            found.append(WordPair(cells[0], cells[1], float(cells[2])))
        except (IndexError, ValueError) as error:
            if place:
                raise DataError(f"{name}: line {number} is {line[:60]!r}; wanted two words and a number") from error
    if len(found) < 2:
        raise DataError(f"{name} has {len(found)} pairs of words; wanted two words and a number a line")
    return tuple(found)


def _lines(name: str) -> list[tuple[int, str]]:
    """Return the lines that are not blank with their numbers, stripped."""
    path = _brought(name) if name in BROUGHT else Path(name)
    if not path.is_file():
        raise DataError(f"no file at {name}: give a file, or one of {', '.join(BROUGHT)}, which gensim brings")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8: {error.reason} at byte {error.start}") from error
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _brought(name: str) -> Path:
    """Return where gensim has a file; it is not imported."""
    found = util.find_spec("gensim")
    if found is None or found.origin is None:
        raise MissingExtraError(f"{name} comes with gensim: pip install 'lessup[words]', or give a file")
    return Path(found.origin).parent / "test" / "test_data" / BROUGHT[name]
