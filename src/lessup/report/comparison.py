"""Tables of several runs for each protocol that any of them was measured under, one a way of measuring."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lessup.report.page import Section
from lessup.report.presentation import Presentation
from lessup.report.presentations import in_order, presentation
from lessup.report.published import PUBLISHED
from lessup.report.tables import Rows, means_table, read_rows
from lessup.runs import Run
from lessup.runs.conditions import are_known, described, differing, key

Measured = Sequence[tuple[Run, Mapping[str, Any]]]
"""Runs with the content of a scores file of each."""


def comparison(runs: Sequence[Run]) -> list[Section]:
    """Write a section a protocol: the rows beside the model, then the model of each run.

    Scores stand in one table only if the protocol's settings, the data and the measured part are the same; where they
    are not, each table says in what it differs from the others. A row that is the same in all runs of a table is shown
    once. One that is not, such as a random network of each method's own kind, is shown for each run.

    Raises:
        RunError: a scores file is damaged.
    """
    by_run = [(run, run.all_scores()) for run in runs]
    sections = []
    for protocol in in_order({protocol for _, scores in by_run for protocol in scores}):
        shown = presentation(protocol)
        alike = _alike([(run, one) for run, scores in by_run for one in scores.get(protocol, [])])
        differ = differing([measured[0][1] for measured in alike])
        parts = [f"<p>{escape(shown.sentence)}</p>", _apart(alike, differ)]
        for measured in alike:
            parts.append(_conditions(measured, differ, several=len(alike) > 1))
            rows = _together([(run, read_rows(scores)) for run, scores in measured], shown)
            parts.append(means_table(rows, shown, method="", published=PUBLISHED.get(protocol)))
        sections.append(Section(f"compare-{protocol}", shown.title, "".join(parts)))
    return sections


def _alike(measured: Measured) -> list[Measured]:
    """Part scores into those that compare with one another, those of most runs first, of unknown settings last."""
    found: dict[str, list[tuple[Run, Mapping[str, Any]]]] = {}
    for run, scores in measured:
        found.setdefault(key(scores), []).append((run, scores))
    return sorted(found.values(), key=lambda alike: (not are_known(alike[0][1]), -len(alike)))


def _apart(alike: Sequence[Measured], differ: Sequence[str]) -> str:
    """Say in what the scores of several tables differ."""
    if len(alike) == 1:
        return ""
    names = {"data": "data", "part": "measured part"}
    told = [names.get(name, f"setting {name.replace('_', ' ')}") for name in differ]
    if not all(are_known(measured[0][1]) for measured in alike):
        told.append("some of an older version, whose settings are not known")
    return _warning(
        "Not comparable",
        f"These scores were not all measured in the same way ({', '.join(told)}). Those of one table compare with one "
        "another, those of two tables do not.",
    )


def _conditions(measured: Measured, differ: Sequence[str], *, several: bool) -> str:
    """Say under what the scores of a table were measured, as far as it is not the same for all tables."""
    if not are_known(measured[0][1]):
        said = described(measured[0][1])
        sentence = f"{said[0].upper()}{said[1:]}: measure again with lessup evaluate or lessup compare."
        return _warning("Perhaps not comparable", sentence)
    return f"<p>Measured with: {escape(described(measured[0][1], differ or None))}</p>" if several else ""


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


def _warning(title: str, sentence: str) -> str:
    return f'<div class="warning"><strong>{title}</strong><p>{escape(sentence)}</p></div>'
