"""`lessup compare`: several methods under several protocols in one table, with what they are measured against."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lessup import evaluation, methods
from lessup.errors import DataError, UsageError
from lessup.evaluation import LabelConfig, Protocol
from lessup.experiments.description import MAY_CHANGE_ON_RESUME
from lessup.methods import Classifier
from lessup.methods.supervised import Supervised
from lessup.report.presentations import presentation
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
    supervised: bool = True,
    supervised_steps: int = 0,
) -> TransferTable:
    """Measure several runs under one protocol or several and put them into one table.

    Runs of the same method and config that differ in seed or fold become one row with mean and spread. Where it is left
    open how often a protocol draws labels, it draws several times, so that a lone run has a spread too. Everything is
    measured anew, since a run may have been trained further; scores that the runs have of other settings are kept.

    Args:
        runs: run folders.
        protocols: public name of one, or several with their settings.
        data: path or name of the data; each run's own if not given.
        config: settings of the protocol that is given by its name.
        device: where to measure.
        supervised: train the supervised row of every backbone where no run of it is given and the data has labels; see
            ``supervised_beside``.
        supervised_steps: its updates; those of what was trained before or of the recipe ``cpu`` if 0.

    Raises:
        UsageError: no runs or protocols are given, two protocols are the same, the runs were trained on different data
            and none is given, or no run can be measured under a protocol.
    """
    asked = [Asked(protocols, config)] if isinstance(protocols, str) else list(protocols)
    opened = [Run.open(run) for run in runs]
    _check(opened, asked, data)
    asked = [replace(each, config=_repeated(each)) for each in asked]
    groups = [_measured(members, asked, data, device) for members in _groups(opened)]
    ceilings, notes = _ceilings(opened, _with_ceiling(groups, asked), train=supervised, steps=supervised_steps)
    groups += [_measured(members, asked, data, device) for members in _groups(ceilings)]
    rows = table_rows(groups, protocols={each.label: each.name for each in asked})
    columns = tuple(column for each in asked for column in _columns(each, rows, alone=len(asked) == 1))
    on = data or ", ".join(sorted({str(run.config["data"]["path"]) for run in opened}))
    every = dict.fromkeys([*notes, *_halves(asked), *joint_notes(groups), *_unequal(groups)])
    return TransferTable(data=on, columns=columns, rows=rows, notes=tuple(every))


def _repeated(asked: Asked) -> Any:
    """Return the settings of a protocol with as many repeats as give a spread, if their number was left open."""
    protocol = evaluation.load(asked.name)
    return protocol.repeated(asked.config or protocol.Config())


def _halves(asked: Sequence[Asked]) -> list[str]:
    """Say which protocols know half of the training part, which those who read their scores elsewhere must know."""
    return [
        f"{each.label}: every draw knows a random half of the training part, for a spread; --draws 1 knows all of it "
        "and has none, --images-per-class N draws a number"
        for each in asked
        if isinstance(each.config, LabelConfig) and each.config.draws > 1 and not each.config.images_per_class
    ]


def _check(runs: Sequence[Run], asked: Sequence[Asked], data: str | None) -> None:
    if not runs:
        raise UsageError("nothing to compare: give one run folder or more")
    labels = [each.label for each in asked]
    if not labels or len(set(labels)) < len(labels):
        raise UsageError(f"--protocol {', '.join(labels) or 'nothing'}: wanted at least one, and none twice")
    kinds = [methods.load(run.config["method"]) for run in runs]
    for each in asked:
        protocol = evaluation.load(each.name)
        if not any(issubclass(kind, protocol.needs) for kind in kinds):
            found = ", ".join(dict.fromkeys(str(run.config["method"]) for run in runs))
            raise UsageError(
                f"{each.name} measures {', '.join(evaluation.measured_by(protocol))}; the runs hold {found}: choose "
                "another protocol (`lessup list protocols`)"
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


def _with_ceiling(groups: Sequence[Group], asked: Sequence[Asked]) -> bool:
    """Tell whether a protocol measured what is learnt without labels by how it learns from labels.

    One that is for classifiers alone compares methods that all have the labels.
    """
    learning = [each.label for each in asked if _learns_from_labels(evaluation.load(each.name))]
    return any(label in group.scores for group in groups for label in learning)


def _learns_from_labels(protocol: type[Protocol]) -> bool:
    return protocol.learns and issubclass(Supervised, protocol.needs) and not issubclass(protocol.needs, Classifier)


def _ceilings(runs: Sequence[Run], wanted: bool, *, train: bool, steps: int) -> tuple[list[Run], list[str]]:
    """Return a supervised run for every backbone and data without one, and what must be said of those left out."""
    there = {_ground(run) for run in runs if run.config["method"] == "supervised"}
    missing = {_ground(run): run for run in reversed(runs) if backbone_of(run) and _ground(run) not in there}
    found, notes = [], []
    for (backbone, _), run in missing.items() if wanted else ():
        if not train:
            notes.append(
                f"no supervised row for {backbone}, as asked for: leave out --no-supervised, or add a run of `lessup "
                f"train supervised --backbone {backbone}` on the same data"
            )
            continue
        try:
            found.append(supervised_beside(run, steps=steps))
        except (DataError, UsageError) as error:  # what was measured is not thrown away
            notes.append(f"no supervised row for {backbone}: {error}")
    return found, notes


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
    """Say where rows were not measured on the same samples, or read them in different ways."""
    notes = []
    for label in dict.fromkeys(label for group in groups for label in group.scores):
        rows = [group.scores[label] for group in groups if label in group.scores]
        parts = {", ".join(sorted({f"{one['part']}: {one['samples']} samples" for one in row})) for row in rows}
        if len(parts) > 1:
            notes.append(
                f"{label}: not all rows were measured on the same samples ({'; '.join(sorted(parts))}): pass --data "
                "with a split of its own, or train with equal --folds"
            )
        elif len({one["fingerprint"] for row in rows for one in row}) > 1:
            notes.append(
                f"{label}: the runs read the data in different ways, each as its own, such as in another --size"
            )
    return notes
