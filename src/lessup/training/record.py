"""What a run writes while it trains: lines of metrics.csv, checkpoints, warnings and progress."""

import math
import time
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging

from lessup.runs import Run, Training
from lessup.samples import Samples
from lessup.training.collapse_guard import CollapseGuard
from lessup.training.learner import Learner
from lessup.training.modes import batch_on, evaluating
from lessup.training.progress import ProgressLine
from lessup.transforms.draws import Draws

VALIDATION_SEED = -1
"""Seed of validation's random numbers: the same at every step and for every run, and no run's own."""

LARGEST_VALIDATION_BATCH = 256
"""Samples of one validation batch, at most; it does not depend on how many processes share the work."""


class Record(Callback):
    """Looks at the run after every update and writes what is due.

    A line of the log is also written at every checkpoint, so that a resumed run logs what a run never killed would.

    Attributes:
        interrupted: True once the run was asked to end early.
    """

    def __init__(
        self,
        run: Run,
        training: Training,
        validation: Samples,
        guard: CollapseGuard,
        progress: ProgressLine,
        averaging: WeightAveraging | None,
    ) -> None:
        self.interrupted = False
        self._run = run
        self._training = training
        self._validation = validation
        self._guard = guard
        self._progress = progress
        self._averaging = averaging
        self._best = math.inf
        self._step = 0
        self._logged_step = 0
        self._logged_time = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds of this: the best validation loss."""
        return {"best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what a checkpoint holds."""
        self._best = float(state_dict["best"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - theirs
        """Forget what was logged after the step at which this run goes on."""
        assert isinstance(pl_module, Learner)
        self._step = self._logged_step = pl_module.updates
        self._logged_time = time.monotonic()
        self._run.rewind(self._step)
        self._progress.start(self._step)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Write what is due after an update; a part of one that is accumulated is none."""
        assert isinstance(pl_module, Learner)
        if pl_module.updates == self._step:
            return
        self._step = pl_module.updates
        self._progress.show(self._step, lambda: pl_module.window.means()["loss"].item())
        self.interrupted = _any(trainer, self.interrupted)
        done = self._step == self._training.steps
        save = done or self.interrupted or self._due(self._training.checkpoint_every)
        validate = done or self._due(self._training.validate_every)
        values = self._steps(trainer, pl_module) if save or validate or self._due(self._training.log_every) else {}
        if validate or self._due(self._guard.interval):
            with trainer.precision_plugin.forward_context():
                values |= self._guard.measure(pl_module.method, pl_module.device, self._step)
        if validate and len(self._validation):
            values["val_loss"] = self._validate(trainer, pl_module)
        if values:
            self._run.append_metrics({"step": self._step, **values})
        if values.get("val_loss", math.inf) < self._best:
            self._best = values["val_loss"]
            trainer.save_checkpoint(self._run.checkpoint("best"))
        if save:
            trainer.save_checkpoint(self._run.checkpoint("last"))
        trainer.should_stop |= self.interrupted

    def _due(self, every: int) -> bool:
        return every > 0 and self._step % every == 0

    def _steps(self, trainer: Trainer, learner: Learner) -> dict[str, float]:
        """Return the means over the steps since the last line, over all processes."""
        means = learner.window.means()
        learner.window.clear()
        reduced = trainer.strategy.reduce(torch.stack([*means.values()]), reduce_op="mean")
        values = dict(zip(means, reduced.tolist(), strict=True))
        self._guard.check(values["loss"], self._step)
        now = time.monotonic()
        rate = (self._step - self._logged_step) * self._training.batch_size / max(now - self._logged_time, 1e-9)
        self._logged_step, self._logged_time = self._step, now
        optimizer = trainer.optimizers[0]
        return {**values, "learning_rate": float(optimizer.param_groups[0]["lr"]), "samples_per_second": rate}

    def _validate(self, trainer: Trainer, learner: Learner) -> float:
        """Return the mean loss over the validation part, with the averaged weights where they are kept."""
        if self._averaging:
            self._averaging.on_validation_epoch_start(trainer, learner)
        try:
            with evaluating(learner.method):
                total = self._validation_sum(trainer, learner)
        finally:
            if self._averaging:
                self._averaging.on_validation_epoch_end(trainer, learner)
        return float(trainer.strategy.reduce(total, reduce_op="sum")) / len(self._validation)

    def _validation_sum(self, trainer: Trainer, learner: Learner) -> torch.Tensor:
        """Return the () sum of the losses of the samples that this process validates."""
        size = min(self._training.batch_size // self._training.accumulate, LARGEST_VALIDATION_BATCH)
        places = np.arange(len(self._validation))
        total = torch.zeros((), device=learner.device)
        for number in range(trainer.global_rank, math.ceil(len(places) / size), trainer.world_size):
            indices = places[number * size : (number + 1) * size]
            batch = batch_on(learner.device, self._validation, indices)
            draws = Draws.at(VALIDATION_SEED, number, device=learner.device)
            with trainer.precision_plugin.forward_context():
                losses = learner.method.step(batch, draws)
            total += sum(losses.players.values()) * len(indices)
        return total


def _any(trainer: Trainer, flag: bool) -> bool:
    """Tell whether the flag is set in any process."""
    return trainer.strategy.reduce_boolean_decision(flag, all=False) if trainer.world_size > 1 else flag
