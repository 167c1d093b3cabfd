"""From a table of ways to learn from few labels to a few plain sentences on which to take."""

from collections.abc import Sequence
from itertools import groupby

from lessup.metrics.labels_needed import labels_needed
from lessup.report.transfer_table import Row, TransferTable, Value

BASELINE, SCRATCH, NAMES, ALL = "pretrained", "scratch", "zero-shot", "all-labels"
"""Keys of the rows that have a sentence of their own."""

COARSE = 20
"""Samples asked below which the steps of an accuracy are worth a word."""


def recommendation(table: TransferTable, shots: Sequence[int], *, num_asked: int) -> tuple[str, ...]:
    """Say which row helps at which number of labels, and what pretraining, names and more labels are worth.

    A row helps where its standing is ``better``: it beats the row ``BASELINE`` by more than the spread of both. Numbers
    of labels between those that were measured are interpolated over their logarithm.

    Args:
        table: its columns are numbers of labels a class, its values in percent.
        shots: those numbers, rising.
        num_asked: samples that all rows are asked about.
    """
    baseline = _row(table, BASELINE)
    curve = [value.mean for value in _values(table, baseline)]
    said = [*_helps(table, baseline, shots)]
    if names := _means(table, NAMES):
        said.append(f"Names alone are worth {_worth(shots, curve, names[0])}.")
    if scratch := _means(table, SCRATCH):
        reached = _worth(shots, curve, scratch[-1])
        said.append(
            f"A network from random weights does with {_labels(shots[-1])} what pretrained features do with {reached}."
        )
    if every := _means(table, ALL):
        best = max(_means(table, row.key)[-1] for row in table.rows if row.kind == "trained")
        left = every[-1] - best
        more = f"{left:.1f} points more than the best row" if left >= 0.05 else "no more than the best row"
        said.append(f"All labels of the training part give {every[-1]:.1f} %, {more} with {_labels(shots[-1])}.")
    if num_asked < COARSE:
        said.append(f"Each of the {num_asked} samples asked is {100 / num_asked:.0f} points: a hint, no more.")
    return tuple(said)


def _helps(table: TransferTable, baseline: Row, shots: Sequence[int]) -> list[str]:
    """Return a sentence for each run of columns in which the same row is the best of those that help."""
    if any(value.n < 2 for value in _values(table, baseline)):
        return ["One draw of labels has no spread, so that no gain can be told from luck: pass --draws 5."]
    found = [_best(table, place) for place in range(len(shots))]
    if not any(found):
        return [f"Nothing beats {baseline.name} by more than the spread, with any number of labels: take that."]
    said = []
    for row, group in groupby(range(len(shots)), lambda place: found[place]):
        places = [*group]
        with_labels = f"With {_labels(*(shots[place] for place in places))}"
        if row is None:
            said.append(f"{with_labels} nothing beats {baseline.name} by more than the spread.")
            continue
        gains = [_values(table, row)[place].mean - _values(table, baseline)[place].mean for place in places]
        points = " to ".join(dict.fromkeys(f"{gain:.1f}" for gain in (gains[0], gains[-1])))
        said.append(f"{with_labels} {row.name} helps most: {points} points above {baseline.name}.")
    return said


def _best(table: TransferTable, place: int) -> Row | None:
    """Return the row with the highest mean of those that help in a column."""
    helping = [row for row in table.rows if row.kind == "trained" and _values(table, row)[place].standing == "better"]
    return max(helping, key=lambda row: _values(table, row)[place].mean, default=None)


def _row(table: TransferTable, key: str) -> Row:
    return next(row for row in table.rows if row.key == key)


def _values(table: TransferTable, row: Row) -> list[Value]:
    values = [row.value(column) for column in table.columns]
    return [value for value in values if value is not None]


def _means(table: TransferTable, key: str) -> list[float]:
    """Return the means of a row, none if the table lacks it."""
    return [value.mean for row in table.rows if row.key == key for value in _values(table, row)]


def _worth(shots: Sequence[int], curve: Sequence[float], score: float) -> str:
    """Say how many labels a class the baseline needs for a score."""
    needed = labels_needed(shots, curve, score)
    if needed == float("inf"):
        return f"more than {_labels(shots[-1])}"
    if score <= curve[0]:
        return f"{_labels(shots[0])}" if score == curve[0] else f"less than {_labels(shots[0])}"
    return f"about {_labels(round(needed))}"


def _labels(*shots: int) -> str:
    """Write numbers of labels.

    >>> _labels(1), _labels(1, 2), _labels(2, 5, 10)
    ('1 label a class', '1 or 2 labels a class', '2 to 10 labels a class')
    """
    if len(shots) == 1:
        return f"{shots[0]} label{'s' * (shots[0] != 1)} a class"
    joint = "or" if len(shots) == 2 else "to"
    return f"{shots[0]} {joint} {shots[-1]} labels a class"
