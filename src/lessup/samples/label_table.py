"""A table of columns ``image`` and ``label``, which names classes of some samples by their ids; and writing one."""

import csv
import difflib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.table import column, table_rows

UNKNOWN = "-1"
"""Stands for a label that is not known."""


def named_in(table: Path, ids: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return (N,) the label that a table gives each id, "-1" where it gives none.

    Args:
        table: .csv or .tsv, its columns named in the first line: ``image`` (or ``id``, ``file``, ``filename``,
            ``path``) and ``label`` (or ``class``).
        ids: (N,).

    Raises:
        DataError: there is no such table or column, a line names no sample, or two lines give one two labels.
    """
    if not table.is_file():
        raise DataError(f"no table at {table}: give a .csv or .tsv with columns image and label")
    rows = table_rows(table.read_bytes(), table.name)
    header = rows[0] if rows else []
    at, named = column(header, ("image", "id", "file", "filename", "path")), column(header, ("label", "class"))
    if min(at, named) < 0:
        raise DataError(f"{table.name} has the columns {', '.join(header) or 'none'}; wanted image and label")
    places = {id: place for place, id in enumerate(ids.tolist())}
    found: dict[str, tuple[int, str]] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) <= max(at, named) or not row[named].strip():
            continue
        id, name = row[at].strip(), row[named].strip()
        if id not in places:
            near = difflib.get_close_matches(id, places, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"they are called such as {ids[0]!r}"
            raise DataError(f"{table.name}: line {number} names {id!r}, none of {len(ids)} samples: {hint}")
        first = found.setdefault(id, (number, name))
        if first[1] != name:
            raise DataError(
                f"{table.name}: lines {first[0]} and {number} both name {id}, once as {first[1]} and once as {name}: "
                "keep one"
            )
    names = np.full(len(ids), UNKNOWN, dtype=object)
    for id, (_, name) in found.items():
        names[places[id]] = name
    return names.astype(str)


def label_table(ids: Sequence[str], names: Sequence[str]) -> bytes:
    """Return a table that ``named_in`` reads.

    Args:
        ids: (N,).
        names: (N,) their labels.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("image", "label"))
    writer.writerows(zip(ids, names, strict=True))
    return text.getvalue().encode()
