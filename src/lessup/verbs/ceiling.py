"""The supervised row of a comparison: the ceiling on the same data with the same backbone."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from lessup import data as sources
from lessup import methods, training
from lessup.experiments import Settings, settings
from lessup.runs import Run
from lessup.samples import Samples
from lessup.samples.assembly import fingerprint
from lessup.samples.label_draws import labelled
from lessup.training.checkpoints import read_checkpoint
from lessup.training.modes import batch_on
from lessup.transforms.draws import Draws
from lessup.verbs.training import train_on

TIMED_UPDATES = 2
"""Updates from which the time of all is told beforehand, after one that is not timed."""


def backbone_of(run: Run) -> str:
    """Return the name of the network that a run transfers; empty where its method has no choice of one."""
    return str(run.config["config"].get("backbone", ""))


def supervised_beside(run: Run, *, steps: int = 0) -> Run:
    """Train ``supervised`` on the training part of a run, labels and all, with its backbone, in a folder beside it.

    A run that stands there is used, or gone on with if it is not done. What is trained, and about how long it takes, is
    said on standard error before it begins.

    Args:
        run: whose data, reading, fold and backbone are taken.
        steps: updates; if 0 those of the run that stands there, or of the recipe ``cpu``.

    Raises:
        DataError: the data has no labels, or is not where it was.
        UsageError: what stands there was begun with other settings.
    """
    out = folder_beside(run)
    begun = Run.open(out) if (out / "config.json").is_file() else None
    done = _updates(begun) if begun else 0
    asked = _settings(run, max(steps or (begun.config["training"]["steps"] if begun else 0), done))
    samples = sources.load(asked.data, asked.reading, reads=methods.load(asked.method).reads)
    known = samples.take(np.flatnonzero(labelled(samples)))
    if asked.training.steps > done and len(known):
        _announce(asked, out, asked.training.steps - done, seconds_per_update(asked, known))
    return train_on(samples, asked, out, resume=begun is not None)


def folder_beside(run: Run) -> Path:
    """Return the folder of the supervised run of a run's backbone, data and fold, in the one that holds the run."""
    data = run.config["data"]
    same = fingerprint(data["fingerprint"], json.dumps(data["folds"], sort_keys=True))
    return Path(run.path).parent / f"supervised-{backbone_of(run).replace(':', '-')}-{same[:8]}"


def seconds_per_update(asked: Settings, samples: Samples) -> float:
    """Return about how long an update takes on this machine, without that of the optimiser.

    Args:
        asked: what is to be trained.
        samples: some that have what the method reads, labels among them.
    """
    config = methods.load(asked.method).configured(asked.config, samples)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    method = training.build(asked.method, config, asked.training.seed).to(device).train()
    indices = np.resize(np.arange(len(samples)), asked.training.batch_size)
    took = []
    for update in range(1 + TIMED_UPDATES):
        start = time.perf_counter()
        losses = method.step(batch_on(device, samples, indices), Draws.at(asked.training.seed, update, device=device))
        (loss,) = losses.players.values()
        loss.backward()  # type: ignore[no-untyped-call]
        sum(float(weight.grad.sum()) for weight in method.parameters() if weight.grad is not None)  # waits for a GPU
        took.append(time.perf_counter() - start)
    return min(took[1:])


def _settings(run: Run, steps: int) -> Settings:
    own = Settings.of(run.config)
    of_pairs = "pair" in methods.load(own.method).reads  # each is a class; the frames of their clips have others
    return settings(
        "supervised",
        own.data,
        config={"backbone": backbone_of(run)},
        training={"steps": steps} if steps else {},
        reading=own.reading,
        folds=replace(own.folds, whole_classes=False) if of_pairs else own.folds,
    )


def _updates(run: Run) -> int:
    """Return how many updates the last checkpoint of a run holds."""
    file = run.checkpoint()
    return int(read_checkpoint(file)["global_step"]) if file.is_file() else 0


def _announce(asked: Settings, out: Path, updates: int, seconds: float) -> None:
    minutes = updates * seconds / 60
    told = f"{minutes:,.0f} minutes" if minutes >= 2 else f"{60 * minutes:.0f} seconds"
    print(
        f"training the supervised row ({asked.config.backbone}, {updates:,} updates) into {out}: about {told} on this "
        "machine, once; --no-supervised leaves it out",
        file=sys.stderr,
    )
