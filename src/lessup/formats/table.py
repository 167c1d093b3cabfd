"""Tables of text: comma-separated values, or tab-separated ones in a ``.tsv``."""

import csv
import io
from collections.abc import Sequence

from lessup.errors import DataError


def table_rows(content: bytes, name: str) -> list[list[str]]:
    r"""Return the cells of every line of a table; blank lines are empty lists.

    Args:
        content: of the file, UTF-8 with or without a byte order mark.
        name: of the file, for messages and to tell tabs from commas.

    Raises:
        DataError: it is not text in UTF-8.

    >>> table_rows(b'image,caption\na.png,"a cat, asleep"\n', "captions.csv")
    [['image', 'caption'], ['a.png', 'a cat, asleep']]
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8: {error.reason} at byte {error.start}") from error
    return list(csv.reader(io.StringIO(text), delimiter="\t" if name.lower().endswith(".tsv") else ","))


def column(header: Sequence[str], names: Sequence[str]) -> int:
    """Return where the first of some names stands in the first line of a table, in any case of letters; else -1.

    >>> column(["Path ", "Caption"], ("image", "path"))
    0
    """
    lower = [cell.strip().lower() for cell in header]
    return next((lower.index(name) for name in names if name in lower), -1)
