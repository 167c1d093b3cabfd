"""`lessup compare`: several runs and the trivial rows in one table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lessup.errors import UsageError
from lessup.evaluation import Score
from lessup.runs import Run
from lessup.verbs.measurement import evaluate


def compare(
    runs: Sequence[str | Path],
    protocol: str,
    data: str | None = None,
    *,
    config: Any | None = None,
    device: str = "cpu",
) -> dict[str, dict[str, Score]]:
    """Measure several runs under one protocol and put them into one table.

    Runs of the same method and config that differ in seed or fold become one row with mean and spread; the trivial rows
    are averaged in the same way.

    Args:
        runs: run folders.
        protocol: public name.
        data: path or name of the data; each run's own if not given.
        config: the protocol's settings.
        device: where to compute.

    Returns:
        Scores by row and metric; a run's ``model`` row is named after its method.

    Raises:
        UsageError: no runs are given.
    """
    if not runs:
        raise UsageError("nothing to compare: give one run folder or more")
    gathered: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        method = Run.open(run).config["method"]
        scores = evaluate(run, protocol, data, config=config, device=device)
        for row, metrics in scores["rows"].items():
            values = gathered.setdefault(method if row == "model" else row, {})
            for key, score in metrics.items():
                values.setdefault(key, []).append(score["mean"])
    return {row: {key: Score.of(values) for key, values in metrics.items()} for row, metrics in gathered.items()}
