"""The run folder: the one place where training, evaluation and the report meet.

The files of a run::

    RUN/config.json             everything needed to repeat the run
    RUN/labels.csv              the labels that were learnt from, where a few were asked for
    RUN/metrics.csv             one line per logged step
    RUN/checkpoints/            last.ckpt and best.ckpt
    RUN/scores/PROTOCOL.json    scores by row and metric, and under what they were measured
    RUN/figures/PROTOCOL.npz    arrays from which the report draws
    .../PROTOCOL.KEY.*          both, measured before under other settings or on other data
    RUN/warnings.json           what the collapse guard saw, oldest first; absent if nothing
    RUN/report.html             one self-contained page

A run on several processes writes its files once, from the first process.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lessup.errors import RunError
from lessup.runs import figures_file, metrics_file, scores_file
from lessup.runs.files import is_first_process, read_json, write_json, write_whole

OWN_NAMES = (
    "labels.csv",
    "metrics.csv",
    "checkpoints",
    "scores",
    "figures",
    "warnings.json",
    "report.html",
    "config.json",
)
"""What a run folder holds; ``config.json`` is removed last because it marks the folder as a run."""

SMALLEST_ROOM = 16 * 2**20
"""Bytes that must be free before a run starts, checkpoints not counted."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a method is trained, whatever the method.

    Attributes:
        steps: optimiser updates of the whole run.
        batch_size: samples per update over all devices and accumulated parts.
        seed: the run repeats exactly on one machine with the same seed.
        device: where to train; ``auto`` takes a GPU if there is one.
        precision: ``auto`` is bf16 mixed precision on a GPU that has it and float32 elsewhere.
        devices: processes per machine.
        num_nodes: machines.
        accumulate: parts into which each update's batch is divided to save memory.
        ema_decay: decay of the running average of the weights that is kept and evaluated; 0 keeps the weights.
        clip_norm: gradients are scaled down to this norm; 0 leaves them.
        log_every: steps between lines of metrics.csv.
        checkpoint_every: steps between checkpoints.
        validate_every: steps between validations; 0 validates at the end only.
        on_collapse: what the collapse guard does beside flagging: ``warn`` goes on, ``stop`` ends the run.
    """

    steps: int = 10_000
    batch_size: int = 32
    seed: int = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    devices: int = 1
    num_nodes: int = 1
    accumulate: int = 1
    ema_decay: float = 0.0
    clip_norm: float = 0.0
    log_every: int = 20
    checkpoint_every: int = 500
    validate_every: int = 0
    on_collapse: Literal["warn", "stop"] = "warn"


@dataclass(frozen=True)
class Run:
    """A run folder on disk; every file in it is written whole or not at all."""

    path: Path

    @classmethod
    def create(cls, path: str | Path, *, overwrite: bool = False) -> "Run":
        """Make a new run folder, empty until ``write_config``.

        Args:
            path: the folder; its parents are made too.
            overwrite: remove the files of a run that is there already; what is not a run's file stays.

        Raises:
            RunError: the folder holds a run (and ``overwrite`` is off) or anything else, or it cannot be written, or
                the disk is full.
        """
        run = cls(Path(path))
        if not is_first_process():
            return run
        if run._is_run() and not overwrite:
            raise RunError(f"{path} holds a run already: pass --overwrite to replace it, --resume to go on with it")
        try:
            run._check_replaceable()
            run._clear()
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"cannot make the run folder {path}: {error.strerror}; pass another --out") from error
        run.require_room(SMALLEST_ROOM)
        write_whole(run.path / "metrics.csv", b"")
        return run

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Open an existing run folder.

        Raises:
            RunError: the folder is missing or is not a run folder.
        """
        run = cls(Path(path))
        if not run.path.is_dir():
            raise RunError(f"no run at {path}: wanted a folder that `lessup train --out` made")
        if not (run.path / "config.json").is_file():
            raise RunError(f"{path} is not a run folder: it has no config.json (see `lessup train --out`)")
        _ = run.config
        return run

    @property
    def labels(self) -> Path:
        """Where the table of the labels that were learnt from is, if a few were asked for."""
        return self.path / "labels.csv"

    @property
    def config(self) -> dict[str, Any]:
        """The content of config.json.

        Raises:
            RunError: the file is missing, damaged or not a run's.
        """
        config = read_json(self.path / "config.json")
        if not isinstance(config, dict) or "lessup" not in config:
            raise RunError(f"{self.path / 'config.json'} was not written by lessup: it has no 'lessup' version")
        return config

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write config.json; it must name the version under ``lessup``."""
        assert "lessup" in config, "config.json is recognised by the version under 'lessup'"
        write_json(self.path / "config.json", config)

    def checkpoint(self, name: str = "last") -> Path:
        """Path of ``last`` or ``best``."""
        return self.path / "checkpoints" / f"{name}.ckpt"

    def require_room(self, num_bytes: int) -> None:
        """Check that the disk has room, before long work starts.

        Raises:
            RunError: fewer than ``num_bytes`` are free.
        """
        if not is_first_process():
            return
        free = shutil.disk_usage(self.path).free
        if free < num_bytes:
            raise RunError(
                f"no room for the run {self.path}: it needs {_megabytes(num_bytes)}, the disk has {_megabytes(free)} "
                "free; free some or pass another --out"
            )

    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """Read metrics.csv: (L,) float64 by column, NaN where a line has no value.

        A last line that was cut short is left out.

        Raises:
            RunError: the file is damaged.
        """
        return metrics_file.read(self.path / "metrics.csv")

    def append_metrics(self, values: Mapping[str, float]) -> None:
        """Append a line to metrics.csv; a column not seen before is added, empty for earlier lines.

        Args:
            values: numbers by column, ``step`` among them; NaN and infinities are kept as such.

        Raises:
            RunError: the disk is full; the file is as before.
        """
        if is_first_process():
            metrics_file.append(self.path / "metrics.csv", values)

    def rewind(self, step: int) -> None:
        """Forget what was logged after a step, so that a resumed run leaves neither gap nor double.

        Args:
            step: number of updates in the checkpoint from which the run goes on.
        """
        if not is_first_process():
            return
        metrics_file.rewind(self.path / "metrics.csv", step)
        warnings = self.warnings()
        earlier = [warning for warning in warnings if warning.get("step", 0) <= step]
        if earlier != warnings:
            write_json(self.path / "warnings.json", earlier)
        for leftover in self.path.rglob(".*.part"):
            leftover.unlink(missing_ok=True)

    def write_scores(self, protocol: str, scores: Mapping[str, Any], figures: Mapping[str, np.ndarray]) -> None:
        """Write scores/PROTOCOL.json and figures/PROTOCOL.npz; those of other conditions are kept beside them.

        Args:
            protocol: public name of the protocol.
            scores: what the file holds; numbers that are not finite become null.
            figures: arrays by name, none of them of objects.
        """
        file = self.path / "scores" / f"{_public(protocol)}.json"
        if is_first_process():
            scores_file.make_way(file, self._figures_file(protocol), scores)
            figures_file.write(self._figures_file(protocol), figures)
        write_json(file, scores)

    def scores(self) -> dict[str, dict[str, Any]]:
        """Read the scores that were measured last, by protocol.

        Raises:
            RunError: a file is damaged.
        """
        return {protocol: several[0] for protocol, several in self.all_scores().items()}

    def all_scores(self) -> dict[str, list[dict[str, Any]]]:
        """Read all scores, by protocol: the last ones, then what was measured before under other conditions.

        Raises:
            RunError: a file is damaged.
        """
        return scores_file.read_all(self.path / "scores")

    def figures(self, protocol: str) -> dict[str, np.ndarray]:
        """Read a protocol's figure arrays; empty if there are none.

        Raises:
            RunError: the file is damaged, holds pickled objects or unpacks to too much.
        """
        return figures_file.read(self._figures_file(protocol))

    def warn(self, warning: Mapping[str, Any]) -> None:
        """Append to warnings.json."""
        write_json(self.path / "warnings.json", [*self.warnings(), warning])

    def warnings(self) -> list[dict[str, Any]]:
        """Read warnings.json; empty if there is none.

        Raises:
            RunError: the file is damaged.
        """
        file = self.path / "warnings.json"
        if not file.is_file():
            return []
        warnings = read_json(file)
        if not isinstance(warnings, list) or not all(isinstance(warning, dict) for warning in warnings):
            raise RunError(f"{file} is damaged: wanted a list of objects")
        return warnings

    def _is_run(self) -> bool:
        try:
            return "lessup" in self.config
        except RunError:
            return False

    def _check_replaceable(self) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise RunError(f"{self.path} is a file; wanted a folder to make or an empty one: pass another --out")
        # A run that died before its config was written leaves an empty metrics.csv behind and nothing else.
        others = [file.name for file in self.path.iterdir() if file.name != "metrics.csv" or file.stat().st_size]
        if others and not self._is_run():
            raise RunError(
                f"{self.path} is not a run folder and holds {len(others)} files such as {min(others)!r}: "
                "pass another --out (nothing was removed)"
            )

    def _clear(self) -> None:
        for name in OWN_NAMES:
            target = self.path / name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)

    def _figures_file(self, protocol: str) -> Path:
        return self.path / "figures" / f"{_public(protocol)}.npz"


def _public(protocol: str) -> str:
    assert re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", protocol), f"{protocol!r} is no public name"
    return protocol


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:,.0f} MB"
