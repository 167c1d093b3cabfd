"""metrics.csv: one line per logged step, columns added as they come; a line that a kill cut short does no harm."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import RunError
from lessup.runs.files import append_line, write_whole


def read(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read (L,) float64 by column, NaN where a line has no value; a last line that was cut short is left out.

    Raises:
        RunError: the file is damaged.
    """
    header, rows = _whole_lines(path)
    try:
        table = np.array([[float(cell) if cell else math.nan for cell in row] for row in rows], float)
    except ValueError as error:
        raise RunError(f"{path} is damaged: {error}") from error
    return {name: table[:, column] for column, name in enumerate(header)} if rows else {}


def append(path: Path, values: Mapping[str, float]) -> None:
    """Append a line; a column not seen before is added, empty for earlier lines.

    Args:
        path: the file.
        values: numbers by column, ``step`` among them; NaN and infinities are kept as such.

    Raises:
        RunError: the disk is full; the file is as before.
    """
    header = _header(path)
    fresh = [name for name in values if name not in header]
    if fresh:
        _, rows = _whole_lines(path)
        header = [*header, *fresh]
        write_whole(path, _csv(header, [[*row, *[""] * len(fresh)] for row in rows]))
    append_line(path, ",".join(_cell(values.get(name)) for name in header) + "\n")


def rewind(path: Path, step: int) -> None:
    """Leave out the lines after a step.

    Raises:
        RunError: the file is damaged, or the disk is full.
    """
    header, rows = _whole_lines(path)
    kept = [row for row in rows if float(row[header.index("step")]) <= step]
    write_whole(path, _csv(header, kept) if header else b"")


def _whole_lines(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the whole lines."""
    if not path.is_file():
        return [], []
    text = path.read_text(encoding="utf-8", errors="replace")
    header, *rows = [line.split(",") for line in text[: text.rfind("\n") + 1].splitlines()] or [[]]
    if any(len(row) != len(header) for row in rows) or (header and "step" not in header):
        raise RunError(f"{path} is damaged: wanted lines of {len(header)} values under a header with 'step'")
    return header, rows


def _header(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        line = file.readline().rstrip("\n")
    return line.split(",") if line else []


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    return "".join(",".join(cells) + "\n" for cells in [header, *rows]).encode()


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
