"""How well a method does on held-out samples what it was trained to do: the losses and figures of its own ``step``.

Source: the accuracy of Doersch, Gupta, Efros, *Unsupervised Visual Representation Learning by Context Prediction*,
2015, section 4; the same can be asked of every method.

Differs from the paper: an untrained network and chance stand beside the model; on request the samples are also shown
in wrong colours, which tells how far a network leans on them.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import untrained
from lessup.methods import Method
from lessup.samples import Batch, Samples
from lessup.samples.clip_frames import heard
from lessup.samples.images import Images
from lessup.samples.label_draws import labelled
from lessup.samples.splits import Split
from lessup.training.learner import logged
from lessup.training.modes import batch_on
from lessup.transforms.draws import Draws
from lessup.transforms.patch_colour import turn_channels

SEED = -2
"""First seed of the random numbers, which are the same for every method and run; no run trains with it."""

COLOUR_SEED = -1_000_000
"""Seed of the wrong colours."""


class Pretext(Protocol):
    """Mean over held-out samples of all that ``step`` gives in ``eval`` mode, in the units of the method's log."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            scrambled: also measure images whose channels have changed places, as ``..._scrambled``.
            repeats: passes over the samples, each with its own random numbers; more give a spread.
            batch_size: samples a step.
            seed: of the random weights.
        """

        scrambled: bool = False
        repeats: int = 1
        batch_size: int = 64
        seed: int = 0

    paper: ClassVar[str] = (
        "Doersch, Gupta, Efros, Unsupervised Visual Representation Learning by Context Prediction, 2015, "
        "https://arxiv.org/abs/1505.05192"
    )
    reads: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Take steps without learning over the test part, with the trained and with random weights.

        Raises:
            DataError: there is nothing to test, or it lacks what the method reads, or has no colours to scramble.
        """
        test, notes = _readable(method, split.test)
        if self.config.scrambled and not (isinstance(test, Images) and test.channels > 1):
            raise DataError("only images of two or more channels have colours to scramble: leave --scrambled out")
        networks = {"random": untrained(method, self.config.seed), "model": method}
        rows = {row: self._scores(network, test) for row, network in networks.items()}
        chance = {
            f"{name}{suffix}": Score(value)
            for name, value in method.chance.items()
            for suffix in self._suffixes()
            if f"{name}{suffix}" in rows["model"]
        }
        return Result({"chance": chance, **rows} if chance else rows, {}, notes)

    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_scrambled") if self.config.scrambled else ("",)

    def _scores(self, method: Method, test: Samples) -> dict[str, Score]:
        """Return the mean of every value and its spread over the repeats."""
        scores = {}
        for suffix in self._suffixes():
            passes = [self._pass(method, test, repeat, bool(suffix)) for repeat in range(self.config.repeats)]
            for name in passes[0]:
                values = np.array([each[name] for each in passes])
                spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
                scores[name + suffix] = Score(float(values.mean()), spread, len(values))
        return scores

    @torch.no_grad()
    def _pass(self, method: Method, test: Samples, repeat: int, scrambled: bool) -> dict[str, float]:
        """Return the means over all samples."""
        sums: dict[str, float] = {}
        for number, start in enumerate(range(0, len(test), self.config.batch_size)):
            indices = np.arange(start, min(start + self.config.batch_size, len(test)))
            batch = batch_on(method.device, test, indices)
            if scrambled:
                batch = _scrambled(batch, Draws.at(COLOUR_SEED, number, device=method.device))
            losses = method.step(batch, Draws.at(SEED - repeat, number, device=method.device))
            for name, value in logged(losses, torch.stack([*losses.players.values()]).sum()).items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(indices)
        return {name: total / len(test) for name, total in sums.items()}


def _readable(method: Method, test: Samples) -> tuple[Samples, tuple[str, ...]]:
    """Return the samples that the method can take a step on, and what is left out."""
    missing = test.lacking(method.reads)
    if missing:
        raise DataError(f"the method reads {', '.join(method.reads)}; the data has {', '.join(test.keys)}")
    notes = []
    for key, known, lacked in (("label", labelled, "no label"), ("texture", heard, "no sound")):
        kept = np.flatnonzero(known(test)) if key in method.reads else np.arange(len(test))
        if len(kept) < len(test):
            notes.append(f"{len(test) - len(kept)} of {len(test)} samples have {lacked} and are left out")
            test = test.take(kept)
    if not len(test):
        raise DataError("no held-out samples that the method can read: train with --folds 2 or more, or pass --data")
    return test, tuple(notes)


def _scrambled(batch: Batch, draws: Draws) -> Batch:
    return batch | {"image": turn_channels(batch["image"], draws)}
