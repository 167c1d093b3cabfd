"""Scores as plain text for a terminal, a pipe or a notebook."""

from collections.abc import Iterable, Mapping, Sequence

from lessup.samples import Damage


def score_table(rows: Mapping[str, Mapping[str, Mapping[str, float]]], notes: Sequence[str] = ()) -> str:
    """Lay out scores with one line a row and one column a metric; per-class values are left to the JSON.

    Args:
        rows: ``{row: {metric: {"mean", "std", "n"}}}``.
        notes: sentences to print below.

    >>> print(score_table({"identity": {"rand_30": {"mean": 3.08, "std": 0.0, "n": 1}}}))
    row       rand_30
    identity     3.08
    >>> print(score_table({}, ["8 groups are too few"]))
    note: 8 groups are too few
    """
    metrics = list(dict.fromkeys(key for scores in rows.values() for key in scores if "/" not in key))
    lines = [["row", *metrics]] if rows else []
    lines += [[row, *(_cell(scores.get(key)) for key in metrics)] for row, scores in rows.items()]
    widths = [max((len(line[column]) for line in lines), default=0) for column in range(len(metrics) + 1)]
    laid = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines]
    return "\n".join([*laid, *(f"note: {note}" for note in notes)])


def _cell(score: Mapping[str, float] | None) -> str:
    if score is None:
        return "-"
    return f"{score['mean']:.2f}" + (f" ± {score['std']:.2f}" if score["n"] > 1 else "")


def damage_lines(damage: Iterable[Damage]) -> list[str]:
    """Say what was left out or is doubtful, one line a file.

    >>> damage_lines([Damage("a.off", "truncated")])
    ['left out a.off: truncated']
    """
    return [f"{'left out' if one.skipped else 'used'} {one.name}: {one.reason}" for one in damage]
