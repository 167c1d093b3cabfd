"""`lessup advise --data DATA`: what helps with few labels on these data, in one table, and what to take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup import data as sources
from lessup import features
from lessup.backbones.imagenet_classes import BACKBONE
from lessup.backbones.weights import IMAGENET
from lessup.data import image_table
from lessup.errors import DataError, MissingExtraError, UsageError
from lessup.evaluation.labels_curve import carried, draws_by_level
from lessup.report.recommendation import BASELINE, recommendation
from lessup.report.transfer_table import Column, Row, TransferTable, Wording
from lessup.runs.provenance import machine
from lessup.samples import Reading, Samples
from lessup.samples.feature_rows import FeatureRows
from lessup.samples.images import Images, joined
from lessup.samples.label_draws import LabelledPool, labelled
from lessup.samples.label_table import UNKNOWN, named_in
from lessup.samples.splits import Folds, Split, split
from lessup.verbs.advice_rows import (
    CALLED,
    METRIC,
    PROTOCOL,
    Ground,
    all_labels_row,
    chance_row,
    estimator_rows,
    name_rows,
    num_draws,
    scratch_row,
    with_standings,
)
from lessup.verbs.labelling import LabelConfig, encoded, unit_rows
from lessup.verbs.left_out import say_left_out
from lessup.verbs.transfer_rows import machine_named

FEW = 8
"""Labels of a class of which a quarter would be hardly one to ask."""

WORDING = Wording(
    title="What helps with few labels",
    lead="A row a way to learn, a column a number of labels of each class; all are asked about the same samples.",
    rule=(
        f"▲ better and ▼ worse than {CALLED[BASELINE]} by more than the spread, ≈ within it: the difference of the two "
        "means against the root of the sum of their variances. ? a single draw has no spread: pass more --draws, or "
        "--scratch-draws."
    ),
    spread=(
        "Accuracies are in percent, the mean over classes. ± is the standard deviation over draws of the labels, which "
        "are the same for all rows, but not paired here, which asks for more than a paired test."
    ),
    costs=("seconds",),
    cost="cost",
    costs_are="Seconds are those of learning once and answering, the mean over columns and draws, features aside",
    command="lessup advise",
)

NOTES = (
    "the transductive rows see the samples that are asked, without their labels, as `lessup label` would; "
    "semi-supervised sees those of the training part alone, as for new samples",
    "zero-shot and all labels are the same in every column, and do not depend on the draws",
    "the best of several rows flatters itself a little",
)


@dataclass(frozen=True, kw_only=True)
class AdviceConfig:
    """How it is measured what helps.

    Attributes:
        shots: numbers of labels a class.
        draws: how often labels are drawn anew; those of a few are part of those of more.
        folds: of one of which the images are asked, unless the data has a test part of its own; 4 asks a quarter; 0 is
            4, or 2 where most classes have fewer than eight labels.
        fold: its number.
        run: run folder of a method for images whose features are taken; the network below if empty.
        layer: of the run; its default if empty.
        backbone: network whose pooled last map is the features.
        weights: file, run folder or ``imagenet``, from which its weights are loaded; empty for random ones.
        vectors: file of word vectors, or ``glove``, for the names of the classes.
        scratch: backbone that is trained from random weights.
        scratch_steps: its updates, with any number of labels; 0 leaves the row out.
        scratch_draws: of how many draws it is trained.
        seed: of the draws and of random weights.
    """

    shots: tuple[int, ...] = (1, 2, 5, 10, 50)
    draws: int = 5
    folds: int = 0
    fold: int = 0
    run: str = ""
    layer: str = ""
    backbone: str = BACKBONE
    weights: str = IMAGENET
    vectors: str = "glove"
    scratch: str = "convnet-small"
    scratch_steps: int = 200
    scratch_draws: int = 1
    seed: int = 0

    @property
    def of_features(self) -> LabelConfig:
        """Where features come from, as ``lessup label`` says it."""
        return LabelConfig(run=self.run, layer=self.layer, backbone=self.backbone, weights=self.weights, seed=self.seed)


def advise(
    data: str,
    labels: str | Path | None = None,
    *,
    config: AdviceConfig | None = None,
    reading: Reading | None = None,
    device: str = "cpu",
) -> TransferTable:
    """Measure ways to learn from few labels on one split of labelled data, and say which to take.

    Args:
        data: folder, file or archive of images of several classes; or a features.npz.
        labels: table of columns image (or id) and label; what the data itself says of classes if not given.
        config: how.
        reading: how images are read.
        device: where features are computed and networks trained.

    Returns:
        Rows are the ways, columns numbers of labels a class; accuracies in percent of samples that no way was told the
        label of, as their mean over classes. ``summary`` is the advice.

    Raises:
        DataError: the data cannot be used, has tags, or too few labels for the smallest number.
        UsageError: a setting is out of range.
    """
    config = config or AdviceConfig()
    _check(config)
    samples = _samples(data, labels, reading or Reading())
    ground, notes = _ground(samples, data, config, device)
    is_images = isinstance(samples, Images)
    scratch: list[Row] = []
    rows, said = estimator_rows(ground)
    named, named_said = _by_names(ground, config, is_images=is_images)
    if config.scratch_steps and is_images:
        row, scratch_said = scratch_row(
            ground,
            backbone=config.scratch,
            steps=config.scratch_steps,
            draws=min(config.scratch_draws, config.draws),
            seed=config.seed,
            device=device,
        )
        scratch, said = [row], [*said, *scratch_said]
    every = [chance_row(ground), *scratch, *rows, *named, all_labels_row(ground)]
    return _table(data, every, ground, [*notes, *said, *named_said])


def _check(config: AdviceConfig) -> None:
    """Raise for settings that make no sense, before long work starts."""
    if not config.shots or min(config.shots) < 1:
        raise UsageError(f"--shots {' '.join(map(str, config.shots)) or 'nothing'}: wanted numbers of 1 or more")
    if min(config.draws, config.scratch_draws) < 1 or config.scratch_steps < 0:
        raise UsageError(
            f"--draws {config.draws}, --scratch-draws {config.scratch_draws}, --scratch-steps {config.scratch_steps}: "
            "wanted 1 draw or more, and 0 steps or more"
        )
    if config.folds < 0 or config.folds == 1:
        raise UsageError(f"--folds {config.folds}: wanted 0, or 2 or more, one of which is asked and never learnt from")


def _samples(data: str, labels: str | Path | None, reading: Reading) -> Samples:
    """Return images or rows of features, with one label at most.

    Raises:
        DataError: they are none of the two, or have tags.
    """
    if data.endswith(".npz") and Path(data).is_file():
        found = features.load(Path(data))
        if labels is None:
            return FeatureRows(found.x, found.id, found.label, found.classes)
        names = named_in(Path(labels), found.id)
        classes = sorted({*names.tolist()} - {UNKNOWN})
        place = {name: number for number, name in enumerate(classes)}
        return FeatureRows(found.x, found.id, np.array([place.get(name, -1) for name in names]), tuple(classes))
    images = image_table.load_named(Path(data), Path(labels), reading) if labels else sources.load(data, reading)
    if not isinstance(images, Images) or images.tags is not None:
        raise DataError(
            f"{data}: wanted images with one label each, or a features.npz; tags are measured by `lessup compare`"
        )
    say_left_out(images, data)
    return images


def _ground(samples: Samples, data: str, config: AdviceConfig, device: str) -> tuple[Ground, list[str]]:
    """Part and draw, then encode every sample once."""
    parts = split(samples, Folds(folds=config.folds or _folds(samples), fold=config.fold))
    pool = LabelledPool.of(parts)
    if not pool.held_out.any():
        raise DataError(f"{data}: no sample with a label is held out: pass another --fold, or add labels")
    levels, notes = carried(pool, config.shots)
    drawn = draws_by_level(pool, levels, config.draws, seed=config.seed)
    start = time.perf_counter()
    raw, source = _encoded([*pool.parts, *_without_labels(parts)], data, config, device)
    seconds = time.perf_counter() - start
    is_images = isinstance(samples, Images)
    ground = Ground(pool, raw, _scaled(unit_rows(raw) if is_images else raw), drawn)
    cost = f", which took {seconds:.0f} s, once, for all rows but scratch" if is_images else ", as they are"
    asked, free = len(ground.asked), int((~pool.held_out).sum())
    return ground, [
        f"features: {source}, {raw.shape[1]} numbers for each of {len(raw)} samples{cost}",
        f"{asked} samples are asked and never learnt from; labels are drawn {config.draws} times from {free} others, "
        f"and {len(raw) - len(pool.label)} have no label",
        *([parts.note] if parts.note else []),
        *notes,
    ]


def _folds(samples: Samples) -> int:
    """Return how many parts leave labels to learn from and labels to ask."""
    counts = np.bincount(samples.label[samples.label >= 0])
    return 2 if len(counts) and np.median(counts[counts > 0]) < FEW else 4


def _scaled(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide all features by one number, so that the penalty of a regression means the same whatever their unit."""
    return (x / (x.std(0).mean() or 1)).astype(np.float32)


def _without_labels(parts: Split) -> list[Samples]:
    """Return the samples of a split without a label, part by part."""
    every = (parts.train, parts.validation, parts.test)
    found = [part.take(np.flatnonzero(~labelled(part))) for part in every]
    return [part for part in found if len(part)]


def _encoded(parts: Sequence[Samples], data: str, config: AdviceConfig, device: str) -> tuple[NDArray[np.float32], str]:
    """Return (N, D) features of the samples of all parts, and the name of their source."""
    rows = [part.x for part in parts if isinstance(part, FeatureRows)]
    if rows:
        return np.concatenate(rows), data
    return encoded(joined([part for part in parts if isinstance(part, Images)]), config.of_features, device)


def _by_names(ground: Ground, config: AdviceConfig, *, is_images: bool) -> tuple[list[Row], list[str]]:
    """Return the rows that names give, or why there are none."""
    if not is_images or config.run or (config.backbone, config.weights) != (BACKBONE, IMAGENET):
        return [], [f"no row of names: they need images, and the features of {BACKBONE} with the weights {IMAGENET}"]
    try:
        return name_rows(ground, config.vectors)
    except (DataError, MissingExtraError) as error:
        return [], [f"no row of names: {error}"]


def _table(data: str, rows: list[Row], ground: Ground, notes: list[str]) -> TransferTable:
    """Put rows into a table, with the advice above it."""
    levels = [*ground.drawn]
    group = f"accuracy by labels a class, {num_draws(ground)} draws"
    columns = tuple(Column(PROTOCOL, f"{METRIC}_{level}", group, f"{level} a class", False) for level in levels)
    on = machine_named(machine())
    placed = [replace(row, cost=replace(row.cost, machine=on)) if row.cost else row for row in with_standings(rows)]
    table = TransferTable(data, columns, tuple(placed), (*notes, *NOTES), wording=WORDING)
    return replace(table, summary=recommendation(table, levels, num_asked=len(ground.asked)))
