"""One table of several runs for each protocol that any of them was measured under."""

from collections.abc import Sequence
from html import escape

from lessup.report.page import Section
from lessup.report.presentation import Presentation, in_order, presentation
from lessup.report.published import PUBLISHED
from lessup.report.tables import Rows, means_table, read_rows
from lessup.runs import Run


def comparison(runs: Sequence[Run]) -> list[Section]:
    """Write a section a protocol: the rows beside the model, then the model of each run.

    A row that is the same in all runs is shown once. One that is not, such as a random network of each method's own
    kind or doing nothing on another fold, is shown for each run.

    Raises:
        RunError: a scores file is damaged.
    """
    by_run = [(run, run.scores()) for run in runs]
    sections = []
    for protocol in in_order({protocol for _, scores in by_run for protocol in scores}):
        shown = presentation(protocol)
        measured = [(run, read_rows(scores[protocol])) for run, scores in by_run if protocol in scores]
        data = {str(scores[protocol].get("data")) for _, scores in by_run if protocol in scores}
        table = means_table(_together(measured, shown), shown, method="", published=PUBLISHED.get(protocol))
        warning = "" if len(data) == 1 else _other_data(data)
        body = f"<p>{escape(shown.sentence)}</p>{warning}{table}"
        sections.append(Section(f"compare-{protocol}", shown.title, body))
    return sections


def _together(measured: Sequence[tuple[Run, Rows]], shown: Presentation) -> Rows:
    """Name each run's model after the run, and other rows too where they differ between runs."""
    together: Rows = {}
    for row in dict.fromkeys(row for _, rows in measured for row in rows if row != "model"):
        having = [(run, rows[row]) for run, rows in measured if row in rows]
        if all(scores == having[0][1] for _, scores in having):
            together[row] = having[0][1]
        else:
            called = shown.rows.get(row, row.replace("_", " "))
            together |= {f"{run.path.name}: {called}": scores for run, scores in having}
    for run, rows in measured:
        if "model" in rows:
            together[f"{run.path.name}: {run.config.get('method', 'unknown method')}"] = rows["model"]
    return together


def _other_data(data: set[str]) -> str:
    names = escape(", ".join(sorted(data)))
    return f'<div class="warning"><strong>Not comparable</strong><p>Measured on different data: {names}</p></div>'
