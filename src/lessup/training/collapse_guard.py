"""Watches a run for features that have collapsed and for losses that are not finite."""

import math
import sys
from typing import Any

import torch

from lessup.errors import CollapseError
from lessup.methods import Method
from lessup.metrics.collapse import effective_rank, relative_spread
from lessup.runs import Run, Training
from lessup.runs.files import is_first_process
from lessup.samples import Batch
from lessup.samples.spacing import evenly_spaced
from lessup.samples.splits import Split
from lessup.training.modes import batch_on, evaluating

PROBE_SIZE = 256
"""Samples of the fixed probe batch, at most."""

SMALLEST_VALIDATION = 32
"""A validation part with fewer samples says too little about spread; the probe is then taken from the training part."""

DEAD = 1e-3
"""A dimension whose standard deviation is below this share of the features' root mean square is dead."""

LOWEST_RANK = 1.5
"""Features of a lower effective rank lie on a line, nearly."""

WARM_UP = 0.05
"""Share of the run during which the features are measured but not judged."""

COST = 0.02
"""Share of the training time that the guard may take; see ``CollapseGuard.interval``."""

ADVICE = {
    "collapse": "lower the learning rate, train on larger batches, and check that the data shows more than one thing",
    "not finite": "lower the learning rate, pass --clip-norm 1, or train with --precision 32",
}
"""What to try, by kind of warning."""


class CollapseGuard:
    """Measures the features of a fixed probe batch now and then, and flags what is wrong once per kind.

    Attributes:
        interval: steps between two measurements: a fiftieth of the run, or more where that would cost too much.
    """

    def __init__(self, split: Split, training: Training, run: Run) -> None:
        self._samples = split.validation if len(split.validation) >= SMALLEST_VALIDATION else split.train
        self._training = training
        self._run = run
        self._probe = evenly_spaced(len(self._samples), PROBE_SIZE)
        # Encoding is the forward pass alone, about a third of what a training step costs per sample.
        affordable = math.ceil(len(self._probe) / 3 / (COST * training.batch_size))
        self.interval = max(training.steps // 50, affordable, 1)

    def measure(self, method: Method, device: torch.device, step: int) -> dict[str, float]:
        """Measure the features of the probe batch, and flag them if they have collapsed.

        Returns:
            ``feature_std`` (mean over dimensions, relative to the features' size), ``dead_dimensions`` (share) and
            ``effective_rank``.

        Raises:
            CollapseError: the features have collapsed and the run is to stop then.
        """
        with evaluating(method):
            features = torch.cat([method.encode(batch).float().flatten(1) for batch in self._batches(device)])
        if not features.isfinite().all():
            self._flag("not finite", step, "the features are NaN or infinite", {})
            return {"feature_std": math.nan, "dead_dimensions": math.nan, "effective_rank": math.nan}
        spread = relative_spread(features)
        values = {
            "feature_std": spread.mean().item(),
            "dead_dimensions": (spread < DEAD).double().mean().item(),
            "effective_rank": effective_rank(features),
        }
        collapsed = values["feature_std"] < DEAD or values["effective_rank"] < min(LOWEST_RANK, features.shape[1])
        if collapsed and step > WARM_UP * self._training.steps:
            found = f"spread {values['feature_std']:.2g} of their size, effective rank {values['effective_rank']:.2f}"
            self._flag("collapse", step, f"the features have collapsed: {found}", values)
        return values

    def check(self, loss: float, step: int) -> None:
        """Flag a loss that is not finite.

        Raises:
            CollapseError: it is not, and the run is to stop then.
        """
        if not math.isfinite(loss):
            self._flag("not finite", step, f"the loss is {loss}", {})

    def _batches(self, device: torch.device) -> list[Batch]:
        size = max(self._training.batch_size, 1)
        return [batch_on(device, self._samples, self._probe[at : at + size]) for at in range(0, len(self._probe), size)]

    def _flag(self, kind: str, step: int, message: str, values: dict[str, Any]) -> None:
        if all(warning.get("kind") != kind for warning in self._run.warnings()):
            self._run.warn({"kind": kind, "step": step, "message": message, "advice": ADVICE[kind], **values})
            if is_first_process():
                print(f"\nwarning: step {step}: {message}; {ADVICE[kind]}", file=sys.stderr, flush=True)
        if self._training.on_collapse == "stop":
            raise CollapseError(f"stopped at step {step}: {message}; {ADVICE[kind]}")
