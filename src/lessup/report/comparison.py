"""One table of several runs for each protocol that any of them was measured under."""

from collections.abc import Sequence
from html import escape

from lessup.report.page import Section
from lessup.report.presentation import in_order, presentation
from lessup.report.published import PUBLISHED
from lessup.report.tables import Rows, means_table, read_rows
from lessup.runs import Run


def comparison(runs: Sequence[Run]) -> list[Section]:
    """Write a section a protocol: the rows that all runs share once, then the model of each run.

    Raises:
        RunError: a scores file is damaged.
    """
    by_run = [(run, run.scores()) for run in runs]
    sections = []
    for protocol in in_order({protocol for _, scores in by_run for protocol in scores}):
        shown = presentation(protocol)
        measured = [(run, read_rows(scores[protocol])) for run, scores in by_run if protocol in scores]
        data = {str(scores[protocol].get("data")) for _, scores in by_run if protocol in scores}
        table = means_table(_together(measured), shown, method="", published=PUBLISHED.get(protocol))
        warning = "" if len(data) == 1 else _other_data(data)
        body = f"<p>{escape(shown.sentence)}</p>{warning}{table}"
        sections.append(Section(f"compare-{protocol}", shown.title, body))
    return sections


def _together(measured: Sequence[tuple[Run, Rows]]) -> Rows:
    """Name each run's model after the run; of the other rows the first run that has them is shown."""
    together: Rows = {}
    for _, rows in measured:
        for row, scores in rows.items():
            if row != "model":
                together.setdefault(row, scores)
    for run, rows in measured:
        if "model" in rows:
            together[f"{run.path.name}: {run.config.get('method', 'unknown method')}"] = rows["model"]
    return together


def _other_data(data: set[str]) -> str:
    names = escape(", ".join(sorted(data)))
    return f'<div class="warning"><strong>Not comparable</strong><p>Measured on different data: {names}</p></div>'
