"""The content of a run's config.json, and whether a run may go on with it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lessup.errors import UsageError
from lessup.experiments import Settings
from lessup.runs import Run
from lessup.runs.provenance import machine, provenance, versions
from lessup.samples import Samples

MAY_CHANGE_ON_RESUME = frozenset(
    [
        "steps",
        "device",
        "precision",
        "devices",
        "num_nodes",
        "accumulate",
        "log_every",
        "checkpoint_every",
        "validate_every",
        "on_collapse",
    ]
)
"""Fields of ``Training`` that do not decide what is learned, and the length of the run."""

WHERE = ("lessup", "command", "commit", "versions", "machine")
"""What tells where and by what a run was trained."""


def description(settings: Settings, config: Any, samples: Samples) -> dict[str, Any]:
    """Return the content of config.json.

    Args:
        settings: what was asked for.
        config: the method's config with what the data fills in.
        samples: the data as it was read.
    """
    return {
        "method": settings.method,
        "config": asdict(config),
        "training": asdict(settings.training),
        "data": {
            "path": settings.data,
            "fingerprint": samples.fingerprint,
            "samples": len(samples),
            "left_out": sum(one.skipped for one in samples.damage),
            "classes": list(samples.classes),
            "reading": asdict(settings.reading),
            "folds": asdict(settings.folds),
            "given": asdict(settings.given),
        },
        **provenance(),
        "versions": versions(),
        "machine": machine(),
    }


def resumed(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of config.json of a run that goes on: where it began stays, where it goes on is added.

    Args:
        before: config.json as it stands.
        now: what ``description`` says of going on.
    """
    began = {key: before[key] for key in WHERE if key in before}
    return {**now, **began, "resumed": [*before.get("resumed", []), {key: now[key] for key in WHERE}]}


def check_resumable(run: Run, described: Mapping[str, Any]) -> None:
    """Check that a run goes on with the settings it began with; one that was not known then has its default.

    Args:
        run: the run as it was begun.
        described: what ``description`` says of the run that is asked for now.

    Raises:
        UsageError: a setting that decides what is learned differs.
    """
    before, now = _deciding(run.config), _deciding(described)
    changed = [key for key in before | now if before.get(key) != now.get(key)]
    if changed:
        key = changed[0]
        raise UsageError(
            f"{run.path} was begun with {key} = {before.get(key)!r}, now it is {now.get(key)!r}: "
            "a resumed run keeps its settings; leave the flag out, or train into another --out"
        )


def _deciding(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides the result of a run, flat, by name; a setting that is not there has its default."""
    asked = Settings.of(described)
    training = asdict(asked.training)
    return {
        "method": asked.method,
        "data": described["data"]["fingerprint"],
        **asdict(asked.config),
        **{key: value for key, value in training.items() if key not in MAY_CHANGE_ON_RESUME},
        **asdict(asked.reading),
        **asdict(asked.folds),
        **asdict(asked.given),
    }
