"""Training any method on Lightning's Trainer; nothing here knows a method's name.

    method = build("vconv-dae", config, seed=0)
    fit(method, split, training, run)
    method = restore(run)

The samples of a batch and the random numbers of a step depend on the seed and the step alone. A run that was killed and
resumed therefore ends with the weights of a run never killed, bit for bit on a CPU, and two processes train to the
weights of one.
"""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn

from lessup import methods
from lessup.errors import DataError, RunError, UsageError
from lessup.methods import Method
from lessup.runs import Run, Training
from lessup.samples import Samples
from lessup.samples.splits import Split
from lessup.training.batches import LabelledFirst, Order, TrainingData
from lessup.training.checkpoints import WholeCheckpoints, read_checkpoint
from lessup.training.collapse_guard import CollapseGuard
from lessup.training.episodes import Episodes
from lessup.training.learner import Learner
from lessup.training.progress import ProgressLine
from lessup.training.quiet import interruptible, quiet_lightning
from lessup.training.record import Record
from lessup.training.settings import parse

__all__ = ["build", "fit", "parse", "restore"]


def build(name: str, config: Any, seed: int) -> Method:
    """Return a method with weights drawn from a seed; the random state of the caller is left alone.

    Args:
        name: public name of the method.
        config: its ``Config``.
        seed: decides the weights.

    Raises:
        UsageError: no method has this name.
    """
    kind = methods.load(name)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return kind(config)


def fit(method: Method, split: Split, training: Training, run: Run, *, resume: bool = False) -> None:
    """Train a method in place, writing metrics, checkpoints and warnings into the run folder.

    Afterwards the method is on the CPU, with the averaged weights if ``training.ema_decay`` is set.

    Args:
        method: what is trained; on several processes, equal in all of them (see ``build``).
        split: its training part is trained on, its validation part measured and, in a small part, probed.
        training: how.
        run: where the files go.
        resume: go on from the run's last checkpoint, or from the start if the run died before the first.

    Raises:
        UsageError: the settings contradict one another or the machine.
        DataError: the data does not have what the method reads.
        RunError: the disk is full, the checkpoint is damaged or belongs to another method.
        CollapseError: training collapsed and ``training.on_collapse`` is ``stop``.
        KeyboardInterrupt: Ctrl-C was pressed; the last checkpoint holds the step at which the run ended.
    """
    _check(method, split, training)
    checkpoint = run.checkpoint() if resume and run.checkpoint().is_file() else None
    if checkpoint:
        _load(method, checkpoint)  # for a clear error; Lightning restores the rest of the run's state
    else:
        method.begin(split.train, training.seed)
    run.require_room(_checkpoint_bytes(method, training) * 3)  # last, best and the one being written
    averaging = _averaging(training.ema_decay)
    guard = CollapseGuard(split, training, run)
    order = _order(method, split.train, training)
    with ProgressLine(training.steps, training.batch_size) as progress, quiet_lightning():
        record = Record(run, training, split.validation, guard, progress, averaging)
        with interruptible(record):
            trainer = _trainer(training, method, run, [*([averaging] if averaging else []), record])
            data = TrainingData(split.train, order)
            trainer.fit(Learner(method, training), datamodule=data, ckpt_path=checkpoint, weights_only=True)
    method.eval()
    if record.interrupted:
        raise KeyboardInterrupt


def _order(method: Method, samples: Samples, training: Training) -> Order | Episodes | LabelledFirst:
    """Return what decides which samples make up each batch."""
    size, seed, label, together = training.batch_size, training.seed, samples.label, method.together
    parts = training.devices * training.num_nodes * training.accumulate
    if method.copies:
        return Episodes.of(label, batch_size=size, seed=seed, per_class=together, copies=method.copies, parts=parts)
    if method.unlabelled_ratio:
        return LabelledFirst.of(label, batch_size=size, seed=seed, ratio=method.unlabelled_ratio, parts=parts)
    return Order(len(samples), size, seed, label=label, together=together)


def restore(run: Run, *, checkpoint: str = "last", device: str = "cpu") -> Method:
    """Return the method of a run with its trained weights, the averaged ones where they were kept, in ``eval`` mode.

    Args:
        run: a run folder that was trained.
        checkpoint: ``last`` or ``best``.
        device: where to put it.

    Raises:
        RunError: config.json names no method that exists, or the weights are damaged or do not fit.
    """
    written = run.config
    try:
        name, settings = str(written["method"]), written["config"]
        method = build(name, parse(methods.load(name).Config, settings), seed=0)
    except (KeyError, UsageError) as error:
        raise RunError(f"{run.path} does not hold a run of a known method: {error}") from error
    _load(method, run.checkpoint(checkpoint))
    return method.to(device).eval()


def _load(method: Method, checkpoint: Path) -> None:
    """Load the weights of a checkpoint into a method."""
    weights = read_checkpoint(checkpoint)["state_dict"]
    try:
        method.load_state_dict({str(key).removeprefix("method."): value for key, value in weights.items()})
    except (RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise RunError(
            f"the weights in {checkpoint} do not fit the run's method as configured ({reason}): "
            "they belong to another method or config"
        ) from error


def _check(method: Method, split: Split, training: Training) -> None:
    """Raise for what cannot be trained, before anything starts."""
    for key in ("steps", "batch_size", "devices", "num_nodes", "accumulate", "log_every", "checkpoint_every"):
        if getattr(training, key) < 1:
            raise UsageError(f"{key} is {getattr(training, key)}; wanted at least 1")
    if training.seed < 0 or not 0 <= training.ema_decay < 1 or training.clip_norm < 0:
        raise UsageError("wanted a seed of 0 or more, an EMA decay from 0 to below 1 and a clip norm of 0 or more")
    parts = training.devices * training.num_nodes * training.accumulate
    if training.batch_size % parts:
        raise UsageError(
            f"a batch of {training.batch_size} cannot be cut into {parts} equal parts (devices x nodes x accumulate): "
            f"pass --batch-size {-(-training.batch_size // parts) * parts}"
        )
    if training.precision == "16" and len(method.optimizations(training.steps)) > 1:
        raise UsageError("a method of several players trains with --precision 32 or bf16, not 16")
    if training.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("this machine has no GPU that torch can use: pass --device cpu or auto")
    if not len(split.train):
        raise DataError("no samples are left to train on: wanted at least one in the training part")
    missing = split.train.lacking(method.reads)
    if missing:
        raise DataError(f"the method reads {', '.join(missing)}; the data has {', '.join(split.train.keys)}")


def _averaging(decay: float) -> WeightAveraging | None:
    """Return the running average of the weights.

    Lightning's EMAWeightAveraging goes weight by weight; this is the same average with all of them at once.
    """
    return WeightAveraging(multi_avg_fn=get_ema_multi_avg_fn(decay)) if decay else None  # type: ignore[no-untyped-call]


def _trainer(training: Training, method: Method, run: Run, callbacks: list[Any]) -> Trainer:
    several = training.devices * training.num_nodes > 1
    num_players = len(method.optimizations(training.steps))
    ours = num_players > 1  # Lightning leaves several players' updates to us, and counts each of them
    return Trainer(
        accelerator=training.device,
        devices=training.devices,
        num_nodes=training.num_nodes,
        strategy="ddp" if several else "auto",
        sync_batchnorm=several and _on_gpu(training),
        precision=_precision(training),
        max_steps=training.steps * num_players,
        accumulate_grad_batches=1 if ours else training.accumulate,
        gradient_clip_val=None if ours or not training.clip_norm else training.clip_norm,
        use_distributed_sampler=False,
        callbacks=callbacks,
        plugins=[WholeCheckpoints()],
        default_root_dir=run.path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _on_gpu(training: Training) -> bool:
    return training.device in ("auto", "cuda") and torch.cuda.is_available()


def _precision(training: Training) -> Any:
    if training.precision == "auto":
        return "bf16-mixed" if _on_gpu(training) and torch.cuda.is_bf16_supported() else "32-true"
    return {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[training.precision]


def _checkpoint_bytes(method: Method, training: Training) -> int:
    """Return about how large a checkpoint is: weights, two moments of the optimiser, and the average."""
    weights = sum(weight.numel() * weight.element_size() for weight in method.parameters())
    return weights * (4 if training.ema_decay else 3)
