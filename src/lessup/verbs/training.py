"""`lessup train`: from settings to a run folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup import data as sources
from lessup import methods
from lessup import training as fitting
from lessup.errors import DataError
from lessup.experiments import Settings
from lessup.experiments.description import check_resumable, description, resumed
from lessup.methods import Method
from lessup.runs import Run
from lessup.runs.files import is_first_process, write_whole
from lessup.samples import Samples
from lessup.samples.clip_frames import heard
from lessup.samples.given_labels import hidden, with_classes, with_given
from lessup.samples.label_draws import labelled
from lessup.samples.label_table import label_table
from lessup.samples.splits import Split, split
from lessup.verbs.left_out import enlarged, say, say_left_out


def train(settings: Settings, out: str | Path, *, overwrite: bool = False, resume: bool = False) -> Run:
    """Train a method and leave a run folder; what of the data is left out is said first.

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
    samples = sources.load(settings.data, settings.reading, reads=methods.load(settings.method).reads)
    say_left_out(samples, settings.data)
    return train_on(samples, settings, out, overwrite=overwrite, resume=resume)


def train_on(
    samples: Samples,
    settings: Settings,
    out: str | Path,
    *,
    parts: Split | None = None,
    overwrite: bool = False,
    resume: bool = False,
) -> Run:
    """Train a method on samples that are read already, such as images with labels that are not in the data.

    Args:
        samples: what ``settings.data`` was read as, or was made of it.
        settings: what to train.
        out: the run folder.
        parts: of the samples; as ``settings.folds`` parts them if None.
        overwrite: replace a run that stands there.
        resume: go on from its last checkpoint.

    Raises:
        RunError: the folder cannot be used.
        DataError: the samples lack what the method reads.
        UsageError: a resumed run would go on with other settings.
    """
    method_class = methods.load(settings.method)
    samples = with_classes(samples, settings.given)
    _check_reads(method_class, samples, settings)
    config = method_class.configured(settings.config, samples)
    told = with_given(parts or split(samples, settings.folds), settings.given)
    parts = hidden(told)
    say(parts.note)
    if method_class.semi_supervised:
        parts = _checked_semi_supervised(parts, settings)
    elif "label" in method_class.reads:
        parts = _parts_with(labelled, parts, f"of {settings.data} have no label and are not learnt from")
    if "texture" in method_class.reads:
        parts = _parts_with(heard, parts, f"of {settings.data} are silent or have no sound, and are not learnt from")
    described = description(settings, config, samples)
    if resume:
        run = Run.open(out)
        check_resumable(run, described)
        described = dict(run.config) if _is_done(run, settings) else resumed(run.config, described)
    else:
        run = Run.create(out, overwrite=overwrite)
    run.write_config(described)
    _write_labels(run, told)
    method = fitting.build(settings.method, config, settings.training.seed)
    say(enlarged(parts.train, method))
    fitting.fit(method, parts, settings.training, run, resume=resume)
    return run


def _checked_semi_supervised(parts: Split, settings: Settings) -> Split:
    """Say how many labels are learnt from; what is validated has labels.

    Raises:
        DataError: no image of the training part has a label.
    """
    known = labelled(parts.train)
    if not known.any():
        raise DataError(f"{settings.method} learns from a few labels, and no image of the training part has one")
    say(f"{known.sum()} labels and {len(known) - known.sum()} images without one are learnt from")
    return replace(parts, validation=parts.validation.take(np.flatnonzero(labelled(parts.validation))))


def _write_labels(run: Run, parts: Split) -> None:
    """Write which labels are learnt from, where they are a few."""
    if parts.known is not None and is_first_process():
        train = parts.train.take(np.flatnonzero(parts.known))
        names = [train.classes[label] for label in train.label.tolist()]
        write_whole(run.labels, label_table(train.id.tolist(), names))


def _is_done(run: Run, settings: Settings) -> bool:
    steps = run.metrics().get("step", np.zeros(0))
    return bool(len(steps)) and steps[-1] >= settings.training.steps


def _check_reads(method_class: type[Method], samples: Samples, settings: Settings) -> None:
    """Raise where the data lacks a key that the method reads, or labels or sound where it learns from them."""
    if "other" in method_class.reads and "other" not in samples.keys:
        causes = [f"{one.name}: {one.reason}" for one in samples.damage if "pose" in one.name]
        raise DataError(
            f"{settings.method} learns from videos with the pose of the camera at every frame, and {settings.data} has "
            f"none{f' ({causes[0]})' if causes else ''}: wanted the folders of KITTI odometry, with a row of 12 "
            "numbers for each frame in poses.txt"
        )
    if samples.lacking(method_class.reads):
        raise DataError(
            f"{settings.method} reads {', '.join(method_class.reads)}; {settings.data} has {', '.join(samples.keys)} "
            f"(see `lessup doctor {settings.data}`)"
        )
    if "label" in method_class.reads and not labelled(samples).any():
        raise DataError(
            f"{settings.method} learns from labels, and none of {len(samples)} samples in {settings.data} has one: put "
            "each class in a folder of its own, or name a table of labels or tags"
        )
    if "texture" in method_class.reads and not heard(samples).any():
        raise DataError(
            f"{settings.method} learns from sound, and none is heard in {settings.data}: wanted videos with sound (see "
            f"`lessup doctor {settings.data}`)"
        )


def _parts_with(known: Callable[[Samples], NDArray[np.bool_]], parts: Split, told: str) -> Split:
    """Leave out what is not known, after the split, so that the others lie where they lie without it; and say so."""
    kept = {name: np.flatnonzero(known(getattr(parts, name))) for name in ("train", "validation", "test")}
    count = sum(len(getattr(parts, name)) - len(places) for name, places in kept.items())
    if not count:
        return parts
    say(f"{count} {told}")
    return Split(**{name: getattr(parts, name).take(places) for name, places in kept.items()})
