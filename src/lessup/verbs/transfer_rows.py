"""The rows of a comparison, from the scores of its runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lessup.evaluation import Score
from lessup.methods import ImageEncoder
from lessup.metrics.spread import Spread, exceeds_spread
from lessup.report.presentations import presentation
from lessup.report.transfer_table import Cost, Kind, Row, Standing, Value
from lessup.runs import Run
from lessup.runs.duration import training_seconds
from lessup.verbs.ceiling import backbone_of
from lessup.verbs.trained import load

NAMES = {"chance": "chance", "random": "random initialisation", "magic_init": "magic-init"}
"""What rows are called in every table; others go by their protocol."""

KINDS: Mapping[str, Kind] = {
    "random": "untrained",
    "magic_init": "untrained",
    "fine_tuned": "trained",
    "voxnet": "supervised",
    "from_scratch": "supervised",
}
"""What rows beside the model are; others are trivial."""

ORDER: tuple[Kind, ...] = ("trivial", "untrained", "trained", "supervised")

Values = dict[str, dict[str, Value]]
"""By protocol as it was asked for, then by metric."""


@dataclass(frozen=True)
class Group:
    """Runs that become one row, and how they were measured.

    Attributes:
        runs: that differ in seed or fold alone.
        scores: content of the scores files of all of them, by protocol as it was asked for.
        notes: what they said, by protocol.
    """

    runs: Sequence[Run]
    scores: Mapping[str, Sequence[Mapping[str, Any]]]
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Public name of the method."""
        return str(self.runs[0].config["method"])

    @property
    def backbone(self) -> str:
        """Name of the backbone, or of the method where it has none."""
        return backbone_of(self.runs[0]) or self.method

    def values(self) -> dict[str, Values]:
        """Return the values of every row, over runs; rows that are equal in several runs count once."""
        found: dict[str, Values] = {}
        for label, scores in self.scores.items():
            for row in dict.fromkeys(row for one in scores for row in one["rows"]):
                measured = [one["rows"][row] for one in scores if row in one["rows"]]
                if row != "model":
                    measured = [one for place, one in enumerate(measured) if one not in measured[:place]]
                found.setdefault(row, {})[label] = _over(measured)
        return found


def table_rows(groups: Sequence[Group], *, protocols: Mapping[str, str]) -> tuple[Row, ...]:
    """Return the rows in the order of the table.

    A row beside the model, such as random initialisation, is shown once where it is the same for all methods. One that
    is not, since backbones, layers or how images are prepared differ, is shown for each and named by that. A method is
    set against its own random initialisation.

    Args:
        groups: what was measured.
        protocols: public names by how the protocols were asked for.
    """
    names = group_names(groups)
    by_group = [group.values() for group in groups]
    rows = [
        row
        for key in dict.fromkeys(key for values in by_group for key in values if key != "model")
        for row in _beside(key, groups, names, by_group, protocols)
    ]
    rows += [_trained(*one, protocols) for one in zip(groups, names, by_group, strict=True) if "model" in one[2]]
    return tuple(sorted(rows, key=lambda row: ORDER.index(row.kind)))


def group_names(groups: Sequence[Group]) -> list[str]:
    """Name every group by its method, and where that is not enough by its backbone or its runs."""
    return _apart(
        [group.method for group in groups],
        [f", {group.backbone}" for group in groups],
        [f" ({', '.join(run.path.name for run in group.runs)})" for group in groups],
    )


def joint_notes(groups: Sequence[Group]) -> list[str]:
    """Return every note once, with its protocol and, where not all say so, whose it is."""
    names = group_names(groups)
    said: dict[tuple[str, str], list[str]] = {}
    for group, name in zip(groups, names, strict=True):
        for label, notes in group.notes.items():
            for note in dict.fromkeys(notes):
                said.setdefault((label, note), []).append(name)
    return [
        f"{label}: {note}" if len(who) == len(groups) else f"{label}, {_listed(who)}: {note}"
        for (label, note), who in said.items()
    ]


def standing(value: Value, other: Value | None, *, lower_is_better: bool | None) -> Standing:
    """Set a value against that of another row, which it must beat by more than the spread of both.

    Args:
        value: of a row.
        other: of the row that it has to beat; None where that has none.
        lower_is_better: None where no way is better.

    >>> standing(Value(50.0, 3.0, 5), Value(44.0, 4.0, 5), lower_is_better=False)
    'better'
    """
    if other is None or lower_is_better is None:
        return ""
    exceeds = exceeds_spread(*(Spread(each.mean, each.std, each.n) for each in (value, other)))
    if exceeds is None:
        return "unknown"
    if not exceeds:
        return "within"
    return "better" if (value.mean < other.mean) == lower_is_better else "worse"


def machine_named(described: Mapping[str, Any]) -> str:
    """Return a machine, as ``provenance.machine`` describes it, in words."""
    threads = described.get("threads", 1)
    return described.get("gpu") or f"{threads} thread{'s' * (threads != 1)} of {described.get('cpu', 'a processor')}"


def _apart(names: Sequence[str], *more: Sequence[str]) -> list[str]:
    """Add to names that are not unique the first of some suffixes with which they are."""
    found = list(names)
    for name in set(names):
        alike = [place for place, other in enumerate(names) if other == name]
        unique = [suffixes for suffixes in more if len({suffixes[place] for place in alike}) == len(alike)]
        for number, place in enumerate(alike if len(alike) > 1 else []):
            found[place] += unique[0][place] if unique else f" {number + 1}"
    return found


def _over(measured: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Value]:
    """Return the score of a single run as it is, of several the mean and spread over them; without classes' own."""
    overall = dict.fromkeys(metric for scores in measured for metric in scores if "/" not in metric)
    known = {metric: [scores[metric] for scores in measured if metric in scores] for metric in overall}
    values = {metric: _value([one for one in scores if math.isfinite(one["mean"])]) for metric, scores in known.items()}
    return {metric: value for metric, value in values.items() if value is not None}


def _value(scores: Sequence[Mapping[str, float]]) -> Value | None:
    if len(scores) < 2:
        return Value(scores[0]["mean"], scores[0]["std"], int(scores[0]["n"])) if scores else None
    over = Score.of([score["mean"] for score in scores])
    return Value(over.mean, over.std, over.n)


def _beside(
    key: str,
    groups: Sequence[Group],
    names: Sequence[str],
    by_group: Sequence[Mapping[str, Values]],
    protocols: Mapping[str, str],
) -> list[Row]:
    """Return a row for each of the different values that the groups have under a key."""
    variants: list[tuple[Values, list[int]]] = []
    for place, values in enumerate(by_group):
        own = values.get(key)
        if own is None:
            continue
        same = next((each for each in variants if _agree(each[0], own)), None)
        if same:
            same[0].update(own)
            same[1].append(place)
        else:
            variants.append((dict(own), [place]))
    called = _apart(
        [_called(key, protocols)] * len(variants),
        [f", {_listed(groups[place].backbone for place in places)}" for _, places in variants],
        [f", as {_listed(names[place] for place in places)}" for _, places in variants],
    )
    kind = KINDS.get(key, "trivial")
    return [Row(key, name, kind, values) for name, (values, _) in zip(called, variants, strict=True)]


def _agree(first: Values, second: Values) -> bool:
    """Tell whether values are equal under the protocols that both have."""
    return all(first[label] == second[label] for label in first.keys() & second.keys())


def _listed(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))


def _called(key: str, protocols: Mapping[str, str]) -> str:
    known = [presentation(name).rows[key] for name in protocols.values() if key in presentation(name).rows]
    return NAMES.get(key) or (known[0] if known else key.replace("_", " "))


def _trained(group: Group, name: str, values: Mapping[str, Values], protocols: Mapping[str, str]) -> Row:
    """Return the row of a method, set against its own random initialisation."""
    random = values.get("random", {})
    stood = {
        label: {
            metric: replace(
                value,
                standing=standing(
                    value,
                    random.get(label, {}).get(metric),
                    lower_is_better=presentation(protocols[label]).lower(metric),
                ),
            )
            for metric, value in metrics.items()
        }
        for label, metrics in values["model"].items()
    }
    kind: Kind = "supervised" if group.method == "supervised" else "trained"
    return Row(group.method, name, kind, stood, _cost(group.runs), tuple(str(run.path) for run in group.runs))


def _cost(runs: Sequence[Run]) -> Cost:
    """Return the mean cost of some runs of one method."""
    _, method = load(runs[0].path)
    seconds = [training_seconds(run.metrics(), run.config["training"]["batch_size"]) for run in runs]
    known = [second for second in seconds if second]
    samples = sum(run.config["training"]["steps"] * run.config["training"]["batch_size"] for run in runs)
    return Cost(
        minutes=sum(known) / len(known) / 60 if known else None,
        samples_per_second=samples / sum(known) if len(known) == len(runs) else None,
        parameters=sum(weight.numel() for weight in method.parameters()),
        backbone_parameters=sum(weight.numel() for weight in method.backbone.parameters())
        if isinstance(method, ImageEncoder)
        else None,
        machine=machine_named(runs[0].config.get("machine", {})),
    )
