"""`lessup compare`: several methods under several protocols in one table, with what they are measured against."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessup import evaluation, methods
from lessup.errors import DataError, UsageError
from lessup.experiments.description import MAY_CHANGE_ON_RESUME
from lessup.report.presentation import presentation
from lessup.report.transfer_table import Column, Row, TransferTable
from lessup.runs import Run
from lessup.verbs.ceiling import backbone_of, supervised_beside
from lessup.verbs.measurement import evaluate
from lessup.verbs.transfer_rows import Group, joint_notes, table_rows

NOT_WHAT_IS_LEARNT = (MAY_CHANGE_ON_RESUME - {"steps"}) | {"seed"}
"""Fields of ``Training`` in which runs of one row may differ."""


@dataclass(frozen=True)
class Asked:
    """A protocol that is asked for.

    Attributes:
        name: public name.
        config: its settings; the published ones if None.
        words: how it was asked for, which names its columns; its name if empty.
    """

    name: str
    config: Any | None = None
    words: str = ""

    @property
    def label(self) -> str:
        """What its scores stand under."""
        return self.words or self.name


def compare(
    runs: Sequence[str | Path],
    protocols: str | Sequence[Asked],
    data: str | None = None,
    *,
    config: Any | None = None,
    device: str = "cpu",
    supervised: bool = False,
    supervised_steps: int = 0,
) -> TransferTable:
    """Measure several runs under one protocol or several and put them into one table.

    Runs of the same method and config that differ in seed or fold become one row with mean and spread. Everything is
    measured anew: a scores file does not say with which settings it was measured, so none can be trusted to fit.

    Args:
        runs: run folders.
        protocols: public name of one, or several with their settings.
        data: path or name of the data; each run's own if not given.
        config: settings of the protocol that is given by its name.
        device: where to measure.
        supervised: train the supervised row of every backbone where no run of it is given; see ``supervised_beside``.
        supervised_steps: its updates; those of the recipe ``cpu`` if 0.

    Raises:
        UsageError: no runs or protocols are given, two protocols are the same, the runs were trained on different data
            and none is given, or no run can be measured under a protocol.
    """
    asked = [Asked(protocols, config)] if isinstance(protocols, str) else list(protocols)
    opened = [Run.open(run) for run in runs]
    _check(opened, asked, data)
    ceilings, notes = _ceilings(opened, train=supervised, steps=supervised_steps)
    groups = [_measured(members, asked, data, device) for members in _groups([*opened, *ceilings])]
    rows = table_rows(groups, protocols={each.label: each.name for each in asked})
    columns = tuple(column for each in asked for column in _columns(each, rows, alone=len(asked) == 1))
    on = data or ", ".join(sorted({str(run.config["data"]["path"]) for run in opened}))
    every = dict.fromkeys([*notes, *joint_notes(groups), *_unequal(groups)])
    return TransferTable(data=on, columns=columns, rows=rows, notes=tuple(every))


def _check(runs: Sequence[Run], asked: Sequence[Asked], data: str | None) -> None:
    if not runs:
        raise UsageError("nothing to compare: give one run folder or more")
    labels = [each.label for each in asked]
    if not labels or len(set(labels)) < len(labels):
        raise UsageError(f"--protocol {', '.join(labels) or 'nothing'}: wanted at least one, and none twice")
    kinds = [methods.load(run.config["method"]) for run in runs]
    for each in asked:
        needed = evaluation.load(each.name).needs
        if not any(issubclass(kind, needed) for kind in kinds):
            found = ", ".join(dict.fromkeys(str(run.config["method"]) for run in runs))
            raise UsageError(
                f"{each.name} measures methods of the kind {needed.__name__}; the runs hold {found} (see `lessup list "
                "protocols`)"
            )
    trained_on = {run.config["data"]["fingerprint"]: str(run.config["data"]["path"]) for run in runs}
    if data is None and len(trained_on) > 1:
        raise UsageError(f"the runs were trained on different data ({', '.join(trained_on.values())}): pass --data")


def _groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Gather runs that differ in seed or fold alone."""
    gathered: dict[str, list[Run]] = {}
    for run in runs:
        described, data = run.config, run.config["data"]
        training = {name: value for name, value in described["training"].items() if name not in NOT_WHAT_IS_LEARNT}
        folds = {name: value for name, value in data["folds"].items() if name != "fold"}
        same = [described["method"], described["config"], training, data["fingerprint"], data["reading"], folds]
        gathered.setdefault(json.dumps(same, sort_keys=True), []).append(run)
    return list(gathered.values())


def _ceilings(runs: Sequence[Run], *, train: bool, steps: int) -> tuple[list[Run], list[str]]:
    """Return a supervised run for every backbone and data without one, or what must be said of those left out."""
    there = {_ground(run) for run in runs if run.config["method"] == "supervised"}
    missing = {_ground(run): run for run in reversed(runs) if backbone_of(run) and _ground(run) not in there}
    if train:
        return [supervised_beside(run, steps=steps) for run in missing.values()], []
    return [], [
        f"no supervised row for {backbone}: add a run of `lessup train supervised --backbone {backbone}` on the same "
        "data, or pass --supervised"
        for backbone, _ in missing
    ]


def _ground(run: Run) -> tuple[str, str]:
    return backbone_of(run), str(run.config["data"]["fingerprint"])


def _measured(members: Sequence[Run], asked: Sequence[Asked], data: str | None, device: str) -> Group:
    """Measure the runs of one row under all protocols that can measure their method on the data."""
    method = str(members[0].config["method"])
    scores: dict[str, Sequence[Mapping[str, Any]]] = {}
    notes: dict[str, list[str]] = {}
    for each in asked:
        if not issubclass(methods.load(method), evaluation.load(each.name).needs):
            notes[each.label] = ["cannot measure this method"]
            continue
        try:
            measured = [evaluate(run.path, each.name, data, config=each.config, device=device) for run in members]
        except DataError as error:
            if len(asked) == 1:
                raise
            notes[each.label] = [f"not measured: {error}"]  # what took long under other protocols is not thrown away
            continue
        scores[each.label] = measured
        notes[each.label] = [note for one in measured for note in one["notes"]]
    return Group(members, scores, notes)


def _columns(asked: Asked, rows: Sequence[Row], *, alone: bool) -> list[Column]:
    """Return all overall metrics of a protocol that stands alone, else those that stand for it."""
    shown = presentation(asked.name)
    metrics = dict.fromkeys(metric for row in rows for metric in row.values.get(asked.label, {}))
    chosen = list(metrics) if alone else shown.headlines(metrics)
    heads = {metric: shown.columns.get(metric, metric.replace("_", " ")) for metric in chosen}
    return [Column(asked.label, metric, asked.label, head, shown.lower(metric)) for metric, head in heads.items()]


def _unequal(groups: Sequence[Group]) -> list[str]:
    """Say where rows were not measured on the same number of samples."""
    labels = dict.fromkeys(label for group in groups for label in group.scores)
    counts = {label: {one["samples"] for group in groups for one in group.scores.get(label, ())} for label in labels}
    return [
        f"{label}: not all rows were measured on as many samples ({', '.join(map(str, sorted(numbers)))}): pass --data "
        "with a split of its own, or train with equal --folds"
        for label, numbers in counts.items()
        if len(numbers) > 1 and not any(_several_folds(group) for group in groups)
    ]


def _several_folds(group: Group) -> bool:
    return len({run.config["data"]["folds"]["fold"] for run in group.runs}) > 1
