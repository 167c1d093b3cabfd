"""Questions about images, with answers where they are known: a table of image, question and answer."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lessup.errors import DataError
from lessup.formats.captions import IMAGE
from lessup.formats.table import column, table_rows
from lessup.formats.words import words


@dataclass(frozen=True)
class Question:
    """One line of a table.

    Attributes:
        line: in the file, the line of names being 1.
        image: file as the table names it.
        text: what is asked; it has a word at least.
        answer: in lower case; empty where it is not known.
    """

    line: int
    image: str
    text: str
    answer: str


def read_questions(path: Path) -> tuple[Question, ...]:
    """Read all questions of a table.

    Args:
        path: a ``.csv`` or ``.tsv`` with columns image, question and answer, the last of them empty where it is asked
            for.

    Raises:
        DataError: there is no such table, it lacks a column, or a line lacks an image or a question.
    """
    if not path.is_file() or path.suffix.lower() not in (".csv", ".tsv"):
        raise DataError(f"no questions at {path}: wanted a .csv or .tsv with columns image, question and answer")
    rows = table_rows(path.read_bytes(), path.name)
    header = rows[0] if rows else []
    columns = [column(header, names) for names in (IMAGE, ("question",), ("answer",))]
    if min(columns) < 0:
        raise DataError(
            f"{path.name} has the columns {', '.join(header) or 'none'}; wanted image, question and answer in its "
            "first line; leave an answer empty to ask for it"
        )
    found = []
    for number, row in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in row):
            cells = [row[place].strip() if place < len(row) else "" for place in columns]
            found.append(_question(number, *cells, name=path.name))
    if not found:
        raise DataError(f"{path.name} has no line below its first: wanted a line a question")
    return tuple(found)


def images_of(questions: Sequence[Question], names: Sequence[str], file: str) -> list[int]:
    """Return the number of the image that each question is about.

    Args:
        questions: of a table.
        names: of the images; a question has one of them, or its last part where that is unique.
        file: the table, for messages.

    Raises:
        DataError: a question is about none of them.

    >>> images_of([Question(2, "b.jpg", "what is it", "")], ["x/a.jpg", "x/b.jpg"], "questions.csv")
    [1]
    """
    last = [name.rpartition("/")[2] for name in names]
    times = Counter(last)
    number = {own: place for place, own in enumerate(last) if times[own] == 1}
    number |= {name: place for place, name in enumerate(names)}
    strange = [one for one in questions if one.image not in number]
    if strange:
        near = difflib.get_close_matches(strange[0].image, number, n=1)
        hint = f"did you mean {near[0]}?" if near else f"wanted some of {', '.join(names[:3])}"
        raise DataError(
            f"{file}: line {strange[0].line} asks about {strange[0].image}, which is none of the {len(names)} images: "
            f"{hint} ({len(strange)} of {len(questions)} questions are about none of them)"
        )
    return [number[one.image] for one in questions]


def _question(line: int, image: str, text: str, answer: str, *, name: str) -> Question:
    if not image:
        raise DataError(f"{name}: line {line} names no image: name the file that it asks about, or take the line out")
    if not words(text):
        raise DataError(
            f"{name}: line {line} asks {text!r} about {image}; wanted a question of a word or more: write one, or take "
            "the line out"
        )
    return Question(line, image.removeprefix("./"), text, answer.lower())
