"""A table of methods and protocols as Markdown, JSON, HTML and for a terminal."""

import dataclasses
import json
from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from rich import box
from rich.markup import escape as escape_markup
from rich.table import Table

from lessup.errors import UsageError
from lessup.report.page import Section, fold, page
from lessup.report.transfer_table import Column, Cost, Row, TransferTable, Value
from lessup.runs.files import write_whole

MARKS = {"": "", "better": " ▲", "worse": " ▼", "within": " ≈", "unknown": " ?"}
FORMATS = (".md", ".json", ".html")


def write(table: TransferTable, out: Path) -> Path:
    """Write a table whole or not at all, in the format of the file's name.

    Raises:
        UsageError: the name ends in none of ``FORMATS``.
        RunError: the file cannot be written.
    """
    writers = dict(zip(FORMATS, (markdown, to_json, html), strict=True))
    check(out)
    write_whole(out, writers[out.suffix.lower()](table).encode())
    return out


def check(out: Path) -> None:
    """Refuse a name of no known format, before anything is measured.

    Raises:
        UsageError: it ends in none of ``FORMATS``.
    """
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"--out {out}: wanted a name that ends in {', '.join(FORMATS)}")


def to_json(table: TransferTable) -> str:
    """Write all that the table holds, also metrics that are not shown as columns."""
    held = dataclasses.asdict(table)
    around = held.pop("wording")
    return json.dumps({**held, "rule": around["rule"], "spread": around["spread"]}, indent=2, allow_nan=False) + "\n"


def markdown(table: TransferTable) -> str:
    """Write a table as Markdown, the best trained value of a column in bold, its summary above and its notes below."""
    heads = ["", *(_head(column, table) for column in table.columns), *table.wording.costs]
    lines = [heads, ["---", *("---:" for _ in heads[1:])]]
    for row in table.rows:
        shown = [f"**{text}**" if best else text for text, best in _cells(row, table)]
        lines.append([_title(row), *shown, *_costs(row.cost, table)])
    above = f"{' '.join(table.summary)}\n\n" if table.summary else ""
    laid = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return above + laid + "\n\n" + "\n".join(f"- {sentence}" for sentence in sentences(table)) + "\n"


def terminal(table: TransferTable) -> Table:
    """Lay out a table for a terminal; its notes are not in it, see ``sentences``."""
    laid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    laid.add_column("")
    for column in table.columns:
        head = _head(column, table).replace(": ", "\n").replace(" --", "\n--")
        laid.add_column(escape_markup(head), justify="right")
    for head in table.wording.costs:
        laid.add_column(head, justify="right")
    for row, following in zip(table.rows, [*table.rows[1:], None], strict=True):
        shown = [f"[bold]{text}[/bold]" if best else text for text, best in _cells(row, table)]
        ends = following is not None and following.kind != row.kind
        laid.add_row(escape_markup(_title(row)), *shown, *_costs(row.cost, table), end_section=ends)
    return laid


def html(table: TransferTable) -> str:
    """Write a table as one page that needs no network."""
    reading = "".join(f'<p class="note">{escape(sentence)}</p>' for sentence in reading_aids(table))
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    body = _html_table(table) + reading + (fold("Notes", f'<ul class="note">{notes}</ul>') if notes else "")
    summary = f"<p>{escape(' '.join(table.summary))}</p>" if table.summary else ""
    section = Section("table", f"Measured on {table.data}", summary + body, level=3)
    words = table.wording
    return page(title=words.title, lead=words.lead, sections=[section], footer=f"Written by {words.command}.")


def sentences(table: TransferTable) -> tuple[str, ...]:
    """Return what stands below a table."""
    return (*reading_aids(table), *table.notes)


def reading_aids(table: TransferTable) -> tuple[str, ...]:
    """Return how to read the marks of a table, and where it was trained."""
    machines = list(dict.fromkeys(row.cost.machine for row in table.rows if row.cost and row.cost.machine))
    words = table.wording
    trained = f"{words.costs_are}, on {' and on '.join(machines)}." if machines else ""
    found = [words.rule if table.has_standings else "", words.spread, trained]
    return tuple(sentence for sentence in found if sentence)


def _html_table(table: TransferTable) -> str:
    groups = [(name, len([*columns])) for name, columns in groupby(table.columns, lambda column: column.group)]
    above = "".join(f'<th scope="colgroup" colspan="{count}">{_with_flags(name)}</th>' for name, count in groups)
    above += f'<th scope="colgroup" colspan="{len(table.wording.costs)}">{escape(table.wording.cost)}</th>'
    heads = [*(column.head for column in table.columns), *table.wording.costs]
    below = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    lines = [f"<thead><tr><th></th>{above}</tr><tr><th></th>{below}</tr></thead>"]
    for row in table.rows:
        cells = "".join(_html_cell(text, best) for text, best in _cells(row, table))
        cells += "".join(_html_cell(text, False) for text in _costs(row.cost, table))
        ours = ' class="ours"' if row.kind == "trained" else ""
        lines.append(f'<tr{ours}><th scope="row">{escape(_title(row))}</th>{cells}</tr>')
    return f'<div class="scroll"><table class="transfer">{"".join(lines)}</table></div>'


def _with_flags(protocol: str) -> str:
    """Write a protocol above its flags."""
    name, *flags = protocol.split(" --")
    return escape(name) + "".join(f'<br><span class="spread">--{escape(flag)}</span>' for flag in flags)


def _title(row: Row) -> str:
    return f"{row.name} ({len(row.runs)} runs)" if len(row.runs) > 1 else row.name


def _html_cell(text: str, best: bool) -> str:
    value, _, rest = text.partition(" ±")
    spread = f' <span class="spread">±{escape(rest)}</span>' if rest else ""
    mark = ' class="best"' if best else ""
    return f"<td{mark}>{escape(value)}{spread}</td>"


def _head(column: Column, table: TransferTable) -> str:
    several = len({each.protocol for each in table.columns}) > 1
    return f"{column.group}: {column.head}" if several else column.head


def _cells(row: Row, table: TransferTable) -> list[tuple[str, bool]]:
    """Return the text of every column, and whether it is the best of the trained rows."""
    values = [row.value(column) for column in table.columns]
    best = [table.best(column) if row.kind == "trained" else None for column in table.columns]
    return [(_text(value), _equal(value, most)) for value, most in zip(values, best, strict=True)]


def _equal(value: Value | None, best: float | None) -> bool:
    """Tell whether a value is shown with the same digits as the best one."""
    return value is not None and best is not None and f"{value.mean:.2f}" == f"{best:.2f}"


def _text(value: Value | None) -> str:
    if value is None:
        return "-"
    spread = f" ± {value.std:.2f}" if value.n > 1 else ""
    return f"{value.mean:.2f}{spread}{MARKS[value.standing]}"


def _costs(cost: Cost | None, table: TransferTable) -> Sequence[str]:
    if cost is None:
        return [""] * len(table.wording.costs)
    found = {
        "minutes": _known(cost.minutes, "{:.1f}"),
        "samples/s": _known(cost.samples_per_second, "{:,.0f}"),
        "parameters": _millions(cost.parameters),
        "backbone": _millions(cost.backbone_parameters),
        "seconds": _known(cost.seconds, "{:.2f}"),
    }
    return [found[head] for head in table.wording.costs]


def _millions(count: int | None) -> str:
    return _known(None if count is None else count / 1e6, "{:.2f} M")


def _known(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
