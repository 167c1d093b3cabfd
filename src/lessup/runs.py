"""The run folder: the one place where training, evaluation and the report meet.

The files of a run::

    RUN/config.json             everything needed to repeat the run
    RUN/metrics.csv             one line per logged step
    RUN/checkpoints/            last.ckpt and best.ckpt
    RUN/scores/PROTOCOL.json    scores by row and metric
    RUN/figures/PROTOCOL.npz    arrays from which the report draws
    RUN/warnings.json           what the collapse guard saw, oldest first; absent if nothing
    RUN/report.html             one self-contained page
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lessup.errors import RunError


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
        """Make a new run folder.

        Raises:
            RunError: the folder holds a run or other files already and ``overwrite`` is off, or it cannot be written.
        """
        raise NotImplementedError

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Open an existing run folder.

        Raises:
            RunError: the folder is missing or is not a run folder.
        """
        raise NotImplementedError

    @property
    def config(self) -> dict[str, Any]:
        """The content of config.json."""
        raise NotImplementedError

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write config.json."""
        raise NotImplementedError

    def checkpoint(self, name: str = "last") -> Path:
        """Path of ``last`` or ``best``."""
        return self.path / "checkpoints" / f"{name}.ckpt"

    def metrics(self) -> dict[str, np.ndarray]:
        """Read metrics.csv: (L,) float64 by column, NaN where a line has no value."""
        raise NotImplementedError

    def write_scores(self, protocol: str, scores: Mapping[str, Any], figures: Mapping[str, np.ndarray]) -> None:
        """Write scores/PROTOCOL.json and figures/PROTOCOL.npz."""
        raise NotImplementedError

    def scores(self) -> dict[str, dict[str, Any]]:
        """Read every scores file, by protocol."""
        raise NotImplementedError

    def figures(self, protocol: str) -> dict[str, np.ndarray]:
        """Read a protocol's figure arrays; empty if there are none."""
        raise NotImplementedError

    def warn(self, warning: Mapping[str, Any]) -> None:
        """Append to warnings.json."""
        raise NotImplementedError

    def warnings(self) -> list[dict[str, Any]]:
        """Read warnings.json; empty if there is none."""
        raise NotImplementedError
