"""Score tables: ours above, published ones below, the best of each column in bold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from lessup.report.presentation import Presentation
from lessup.report.published import Published


@dataclass(frozen=True)
class Cell:
    """One value of a table: a mean, and its spread over ``n`` runs."""

    mean: float
    std: float = 0.0
    n: int = 1


Rows = dict[str, dict[str, Cell]]


def read_rows(scores: Mapping[str, Any]) -> Rows:
    """Take the rows out of the content of a scores file; what is no finite number is left out.

    >>> read_rows({"rows": {"model": {"half": {"mean": 2.5, "std": 0.0, "n": 1}, "view": {"mean": None}}}})
    {'model': {'half': Cell(mean=2.5, std=0.0, n=1)}}
    """
    rows = scores.get("rows")
    if not isinstance(rows, Mapping):
        return {}
    return {
        str(row): {str(key): cell for key, score in values.items() if (cell := _read_cell(score)) is not None}
        for row, values in rows.items()
        if isinstance(values, Mapping)
    }


def published_rows(published: Published) -> Rows:
    """Return published scores as rows of a table."""
    return {row: {key: Cell(value) for key, value in scores.items()} for row, scores in published.rows.items()}


def means_table(ours: Rows, shown: Presentation, *, method: str, published: Published | None = None) -> str:
    """Write the table of a protocol's means as HTML, published rows below; empty where nothing was measured.

    Args:
        ours: measured rows; ``model`` is shown under the method's name.
        shown: how the protocol is shown.
        method: name of the method, plain text.
        published: rows from papers; only columns that were measured are shown.
    """
    metrics = list(dict.fromkeys(key for scores in ours.values() for key in scores if "/" not in key))
    theirs = published_rows(published) if published else {}
    theirs = {row: scores for row, scores in theirs.items() if any(metric in scores for metric in metrics)}
    groups = [("", ours), ("Published, on another set of objects", theirs)]
    heads = [shown.columns.get(metric, metric.replace("_", " ")) for metric in metrics]
    return grid(groups, metrics, heads, shown, method=method) if metrics else ""


def class_table(ours: Rows, metric: str, shown: Presentation, *, method: str, published: Published | None) -> str:
    """Write the values of one metric by class as HTML; empty where there are none."""
    keys = list(dict.fromkeys(key for scores in ours.values() for key in scores if key.startswith(f"{metric}/")))
    theirs = published_rows(published) if published else {}
    theirs = {row: scores for row, scores in theirs.items() if any(key in scores for key in keys)}
    groups = [("", ours), ("Published, on another set of objects", theirs)]
    heads = [key.partition("/")[2].replace("_", " ") for key in keys]
    return grid(groups, keys, heads, shown, method=method) if keys else ""


def grid(
    groups: Sequence[tuple[str, Rows]], keys: Sequence[str], heads: Sequence[str], shown: Presentation, *, method: str
) -> str:
    """Write groups of rows under common columns as one HTML table that scrolls sideways if it must."""
    best = {key: _best([rows[row].get(key) for _, rows in groups for row in rows], key, shown) for key in keys}
    digits = _digits([rows[row].get(key) for key in keys for _, rows in groups for row in rows])
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    lines = [f'<thead><tr><th scope="col"></th>{head}</tr></thead>']
    for title, rows in groups:
        if title and rows:
            lines.append(f'<tr class="group"><th scope="row" colspan="{len(keys) + 1}">{escape(title)}</th></tr>')
        for row, scores in rows.items():
            name = method if row == "model" else shown.rows.get(row, row.replace("_", " "))
            cells = "".join(_cell(scores.get(key), best[key], digits) for key in keys)
            ours = ' class="ours"' if row == "model" else ""
            lines.append(f'<tr{ours}><th scope="row">{escape(name)}</th>{cells}</tr>')
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>'


def _read_cell(score: Any) -> Cell | None:
    if not isinstance(score, Mapping):
        return None
    mean, std, n = score.get("mean"), score.get("std", 0.0), score.get("n", 1)
    numbers = all(isinstance(value, int | float) and math.isfinite(value) for value in (mean, std, n))
    return Cell(float(mean), float(std), int(n)) if numbers and mean is not None else None


def _best(cells: Sequence[Cell | None], key: str, shown: Presentation) -> float | None:
    lower = shown.lower(key)
    values = [cell.mean for cell in cells if cell is not None]
    if lower is None or len(values) < 2:
        return None
    return min(values) if lower else max(values)


def _digits(cells: Sequence[Cell | None]) -> int:
    """Return how many digits a table shows behind the point: a third where all values are small."""
    return 3 if all(cell is None or abs(cell.mean) < 1 for cell in cells) else 2


def _cell(cell: Cell | None, best: float | None, digits: int) -> str:
    if cell is None:
        return "<td>&ndash;</td>"
    spread = f' <span class="spread">± {cell.std:.{digits}f}</span>' if cell.n > 1 else ""
    mark = ' class="best"' if best is not None and round(cell.mean, digits) == round(best, digits) else ""
    return f"<td{mark}>{cell.mean:.{digits}f}{spread}</td>"
