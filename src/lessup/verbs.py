"""One function a command: what the command line and a notebook call.

Each takes paths and settings, works on run folders, and returns what the command prints.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lessup import data as sources
from lessup import evaluation, methods
from lessup import training as fitting
from lessup.errors import DataError, UsageError
from lessup.evaluation import Result, Score
from lessup.features import encode_all, save
from lessup.methods import Method, ShapeAutoencoder
from lessup.runs import Run, Training
from lessup.samples import Reading, Samples
from lessup.samples.splits import Folds, Split, split


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that repeats a run: method, its config, training and data.

    Attributes:
        method: public name.
        config: the method's own frozen config.
        training: how it is trained.
        data: path or name of the data.
        reading: how the data is read.
        folds: which part of the data is held out for testing.
    """

    method: str
    config: Any
    training: Training
    data: str
    reading: Reading
    folds: Folds

    @classmethod
    def of(cls, run_config: Mapping[str, Any]) -> "Settings":
        """Read the settings back from the content of a config.json.

        Raises:
            RunError: a setting does not exist or has another type.
            UsageError: the method does not exist.
        """
        method, data = run_config["method"], run_config["data"]
        return cls(
            method=method,
            config=fitting.parse(methods.load(method).Config, run_config["config"]),
            training=fitting.parse(Training, run_config["training"]),
            data=data["path"],
            reading=fitting.parse(Reading, data["reading"]),
            folds=fitting.parse(Folds, data["folds"]),
        )


def settings(
    method: str,
    data: str,
    *,
    recipe: str = "cpu",
    config: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    reading: Reading | None = None,
    folds: Folds | None = None,
) -> Settings:
    """Fill in a run's settings from a recipe.

    Args:
        method: public name.
        data: path or name of the data.
        recipe: name of one of the method's recipes.
        config: fields of the method's config that differ from the recipe.
        training: fields of ``Training`` that differ from the recipe.
        reading: how the data is read.
        folds: which part of the data is held out.

    Raises:
        UsageError: the method has no such recipe.

    >>> settings("vconv-dae", "furniture", training={"steps": 10}).training.steps
    10
    """
    known = methods.recipes(method)
    if recipe not in known:
        raise UsageError(f"{method} has no recipe {recipe!r}; it has {', '.join(known)}")
    filled = known[recipe]()
    return Settings(
        method=method.replace("_", "-"),
        config=replace(filled.config, **(config or {})),
        training=replace(filled.training, **(training or {})),
        data=data,
        reading=reading or Reading(),
        folds=folds or Folds(),
    )


def train(settings: Settings, out: str | Path, *, overwrite: bool = False, resume: bool = False) -> Run:
    """Train a method and leave a run folder.

    Args:
        settings: what to train, on what.
        out: the run folder.
        overwrite: replace a run that stands there.
        resume: go on from its last checkpoint.

    Raises:
        RunError: the folder cannot be used.
        DataError: the data cannot be used, or lacks what the method reads.
        UsageError: a resumed run would go on with other settings.
    """
    samples = sources.load(settings.data, settings.reading)
    method_class = methods.load(settings.method)
    check_reads(method_class, samples, settings)
    config = method_class.configured(settings.config, samples)
    parts = split(samples, settings.folds)
    description = _description(settings, config, samples)
    if resume:
        run = Run.open(out)
        _check_resumable(run, description)
    else:
        run = Run.create(out, overwrite=overwrite)
    run.write_config(description)
    method = fitting.build(settings.method, config, settings.training.seed)
    fitting.fit(method, parts, settings.training, run, resume=resume)
    return run


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


def _check_resumable(run: Run, description: Mapping[str, Any]) -> None:
    """Raise where a run would go on with other settings than it began with."""
    before, now = _deciding(run.config), _deciding(json.loads(json.dumps(description)))
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if changed:
        key = changed[0]
        raise UsageError(
            f"{run.path} was begun with {key} = {before.get(key)!r}, now it is {now.get(key)!r}: "
            "a resumed run keeps its settings; leave the flag out, or train into another --out"
        )


def _deciding(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides the result of a run, flat, by name."""
    data = description["data"]
    return {
        "method": description["method"],
        "data": data["fingerprint"],
        **description["config"],
        **{key: value for key, value in description["training"].items() if key not in MAY_CHANGE_ON_RESUME},
        **data["reading"],
        **data["folds"],
    }


def check_reads(method_class: type[Method], samples: Samples, settings: Settings) -> None:
    """Check that the data has what a method reads.

    Raises:
        DataError: a key is missing, or labels are needed and some or all are unknown.
    """
    missing = [key for key in method_class.reads if key not in samples.keys]
    if missing:
        raise DataError(
            f"{settings.method} reads {', '.join(method_class.reads)}; {settings.data} has {', '.join(samples.keys)} "
            f"(see `lessup doctor {settings.data}`)"
        )
    unlabelled = int((samples.label < 0).sum())
    if "label" in method_class.reads and unlabelled:
        raise DataError(
            f"{settings.method} learns from labels, and {unlabelled} of {len(samples)} samples in {settings.data} have "
            "none: put each class in a folder of its own"
        )


def _description(settings: Settings, config: Any, samples: Samples) -> dict[str, Any]:
    return {
        "lessup": version("lessup"),
        "method": settings.method,
        "config": asdict(config),
        "training": asdict(settings.training),
        "data": {
            "path": settings.data,
            "fingerprint": samples.fingerprint,
            "samples": len(samples),
            "classes": list(samples.classes),
            "reading": asdict(settings.reading),
            "folds": asdict(settings.folds),
        },
        "command": " ".join(["lessup", *sys.argv[1:]]),
        "commit": _commit(),
        "versions": {name: version(name) for name in ("torch", "lightning", "numpy", "scikit-learn")},
        "machine": machine(),
    }


def _commit() -> str:
    """Return the commit of a source checkout; empty for an installed package."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine() -> dict[str, Any]:
    """Describe the machine that a figure was measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {"python": platform.python_version(), "threads": torch.get_num_threads(), "cpu": _cpu(), "gpu": gpu}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def load(run: str | Path, *, device: str = "cpu") -> tuple[Run, Method]:
    """Open a run folder and restore its trained method, in ``eval`` mode.

    Raises:
        RunError: the folder is not a run, or has no checkpoint.
    """
    folder = Run.open(run)
    return folder, fitting.restore(folder, device=device)


def encode(run: str | Path, data: str, out: str | Path, *, layer: str | None = None, device: str = "cpu") -> Path:
    """Encode a data set with a trained method into a features.npz.

    Args:
        run: run folder.
        data: path or name of the data; read as the run read its own.
        out: file to write.
        layer: named layer; the method's default if not given.
        device: where to compute.

    Raises:
        DataError: the data lacks what the method reads.
    """
    folder, method = load(run, device=device)
    samples = _load_like(folder, method, data)
    save(Path(out), encode_all(method, samples, layer=layer), samples)
    return Path(out)


def _load_like(run: Run, method: Method, data: str) -> Samples:
    """Load data as the run read its own, and check that its network can read it."""
    samples = sources.load(data, Settings.of(run.config).reading)
    method.check(samples)
    return samples


def evaluate(
    run: str | Path, protocol: str, data: str | None = None, *, config: Any | None = None, device: str = "cpu"
) -> dict[str, Any]:
    """Measure a run under a protocol and write the scores into its folder.

    On the data that the run was trained on, the held-out part is measured. On other data, a protocol that learns
    nothing measures all of it; one that fits a classifier splits it first.

    Args:
        run: run folder.
        protocol: public name.
        data: path or name of the data; the run's own if not given.
        config: the protocol's settings.
        device: where to compute.

    Returns:
        The content of scores/PROTOCOL.json.

    Raises:
        UsageError: the method cannot do what the protocol measures.
        DataError: the data cannot carry the protocol.
    """
    folder, method = load(run, device=device)
    settings = Settings.of(folder.config)
    protocol_class = evaluation.load(protocol)
    if not isinstance(method, protocol_class.needs):
        raise UsageError(
            f"{protocol} measures a {protocol_class.needs.__name__}; {folder.path} holds {settings.method}, "
            f"which is none (see `lessup list protocols`)"
        )
    samples = _load_like(folder, method, data or settings.data)
    parts = _parts(folder, protocol_class, samples, settings)
    result = protocol_class(config).measure(method, parts)
    scores = _scores(protocol, data or settings.data, folder, result, len(parts.test))
    folder.write_scores(protocol, scores, result.figures)
    return scores


def _parts(run: Run, protocol: type[evaluation.Protocol], samples: Samples, settings: Settings) -> Split:
    own = samples.fingerprint == run.config["data"]["fingerprint"]
    if own and settings.folds.folds > 1:
        return split(samples, settings.folds)
    if own or protocol.learns:
        return split(samples, Folds())
    nothing = samples.take(np.arange(0))
    return Split(train=nothing, validation=nothing, test=samples)


def _scores(protocol: str, data: str, run: Run, result: Result, tested: int) -> dict[str, Any]:
    return {
        "protocol": protocol,
        "data": data,
        "samples": tested,
        "rows": {
            row: {key: asdict(score) for key, score in row_scores.items()} for row, row_scores in result.rows.items()
        },
        "seeds": [run.config["training"]["seed"]],
        "notes": list(result.notes),
        "warnings": run.warnings(),
        "command": " ".join(["lessup", *sys.argv[1:]]),
        "commit": _commit(),
        "lessup": version("lessup"),
    }


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
    """
    gathered: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        method = Run.open(run).config["method"]
        scores = evaluate(run, protocol, data, config=config, device=device)
        for row, metrics in scores["rows"].items():
            values = gathered.setdefault(method if row == "model" else row, {})
            for key, score in metrics.items():
                values.setdefault(key, []).append(score["mean"])
    return {row: {key: _score(values) for key, values in metrics.items()} for row, metrics in gathered.items()}


def _score(values: list[float]) -> Score:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Score(mean=float(np.mean(values)), std=spread, n=len(values))


def neighbors(run: str | Path, data: str, query: str | Path, *, count: int = 5) -> list[tuple[str, float]]:
    """Find the samples of a data set that are most like one file, by cosine of their features.

    Args:
        run: run folder of a method on shapes.
        data: path or name of the data.
        query: one shape file.
        count: how many to return.

    Returns:
        Names and cosines in [-1, 1], the nearest first.
    """
    from lessup.shapes.files import read_shape

    folder, method = load(run)
    samples = _load_like(folder, method, data)
    grid = torch.from_numpy(read_shape(Path(query), Settings.of(folder.config).reading))[None]
    with torch.inference_mode():
        asked = method.encode({"voxels": grid, "label": torch.tensor([-1])}).numpy()
    features = encode_all(method, samples)
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(asked)
    cosines = (features @ asked[0]) / np.maximum(lengths, 1e-12)
    order = np.argsort(-cosines, kind="stable")[:count]
    return [(str(samples.id[index]), float(cosines[index])) for index in order]


def shape_autoencoder(run: str | Path, *, device: str = "cpu") -> ShapeAutoencoder:
    """Restore a run whose method can repair and blend shapes.

    Raises:
        UsageError: the method cannot.
    """
    folder, method = load(run, device=device)
    if not isinstance(method, ShapeAutoencoder):
        raise UsageError(
            f"{folder.path} holds {folder.config['method']}, which cannot repair or blend shapes; "
            "train vconv-dae or voxel-unet"
        )
    return method


def dumps(value: Any) -> str:
    """Write one JSON object with stable key order, dataclasses included."""
    return json.dumps(value, indent=2, default=asdict)
