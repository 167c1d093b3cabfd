"""How well a network tells classes apart when some of its layers, or all, are trained on labels.

Source: the classification on PASCAL VOC 2007 of Krahenbuhl, Doersch, Donahue, Darrell, *Data-dependent Initializations
of Convolutional Neural Networks*, 2016, in its released code, whose columns are those of Donahue, Krahenbuhl, Darrell,
*Adversarial Feature Learning*, 2017, table 3. Images are cut as in training at the test as well: the scores of 10
random crops are averaged.

Differs from the papers: see ``probes.image_fine_tuning``; any labelled images, those with one class each too; the
defaults suit a small machine, ``Config`` names the published values; the whole image in a single pass stands beside the
crops; rows for chance, random weights and ``magic-init`` stand beside the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lessup.errors import UsageError
from lessup.evaluation import LabelConfig, LabelProtocol, Result, scores_over, settings_apart
from lessup.features import encode_all
from lessup.methods import ImageEncoder, Method
from lessup.metrics.decisions import decision_scores
from lessup.probes.image_fine_tuning import ImageFineTuningConfig, Trained, columns, fine_tuned
from lessup.probes.linear_rows import chance, counted
from lessup.probes.rate_choice import RATES, chosen_rate, num_trials
from lessup.probes.reference_rows import references
from lessup.runs import Training
from lessup.samples.label_draws import Draw, LabelledPool
from lessup.samples.splits import Split
from lessup.training.progress import Trainings

CLIP_NORM = 10.0
"""Largest norm of the gradient, of the published code."""


class VOCClassification(LabelProtocol):
    """Mean average precisions in percent; where images have one class each, accuracy and its mean over classes.

    ``map_fc8``, ``map_fc6_8`` and ``map_all`` by what of the network is trained are those of the published code,
    without interpolation; ``map_all_point_COLUMN`` are those of PASCAL VOC from 2010 on and ``map_11_point_COLUMN``
    those until 2009; ``map_COLUMN/CLASS`` of each class. ``METRIC_COLUMN_whole`` is of whole images in a single pass.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config(LabelConfig):
        """What is trained, and how.

        Attributes:
            columns: what of the network is trained: the classifier, the linear layers, or all.
            steps: updates; published: 80,000.
            batch_size: images per update, as published.
            optimizer: ``adamw`` with a cosine, or the published ``sgd``, its rate halved eight times.
            learning_rates: peaks, of which every row and column takes the best on a third of the known images of the
                first draw; one alone is taken as it is. Published for ``sgd``: 1e-3.
            weight_decay: of all weights; published: 1e-6.
            hidden: units of each linear layer that the network lacks and that is added; published: 4,096; 0 takes
                that behind a map as large as AlexNet's, and 512 behind a smaller one.
            crops: random crops of a test image whose scores are averaged.
            draws: how often known images are drawn anew.
        """

        columns: tuple[Trained, ...] = ("fc8", "fc6-8", "all")
        steps: int = 1_000
        batch_size: int = 16
        optimizer: Literal["adamw", "sgd"] = "adamw"
        learning_rates: tuple[float, ...] = RATES
        weight_decay: float = 0.01
        hidden: int = 0
        crops: int = 10
        draws: int = 1

    paper: ClassVar[str] = (
        "Krahenbuhl, Doersch, Donahue, Darrell, Data-dependent Initializations of Convolutional Neural Networks, 2016, "
        "https://arxiv.org/abs/1511.06856"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "extent", "label")
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Train on the known images of every draw, from every row's weights, and score the others or the test part.

        Raises:
            DataError: too few images have a label, or all are alike.
            UsageError: a setting makes no sense, or the network has none of the layers that are to be trained.
        """
        assert isinstance(method, ImageEncoder)
        config = self.config
        chosen, notes = _columns(method, config.columns)
        if config.crops < 1 or not config.learning_rates:
            raise UsageError(f"--crops {config.crops}, {len(config.learning_rates)} rates: wanted 1 or more of both")
        pool, draws = self.drawn(split)
        starts: dict[str, Method] = {"model": method}
        rows: dict[str, list[dict[str, float]]] = {}
        if config.references:
            rows["chance"] = [_in_every_column(chance(pool, draw), chosen) for draw in draws]
            others = references(method, pool.parts[0], seed=config.seed)
            starts = {**others.networks, **starts}
            notes += others.notes
        trainings = self._announced(len(starts), len(chosen), pool, draws)
        for row, start in starts.items():
            assert isinstance(start, ImageEncoder)
            rates = {column: self._rate(start, pool, draws[0], column, trainings) for column in chosen}
            rows[row] = [
                self._metrics(start, pool, draw, rates, number, trainings) for number, draw in enumerate(draws)
            ]
            notes += (f"{row}: learning rates {', '.join(f'{rate:g} ({column})' for column, rate in rates.items())}",)
        scores = {row: scores_over(values) for row, values in rows.items()}
        return Result(scores, notes=(*notes, *counted(pool, draws)))

    def _announced(self, rows: int, columns: int, pool: LabelledPool, draws: Sequence[Draw]) -> Trainings:
        """Say how many trainings there will be, and what makes them fewer."""
        trials = num_trials(self.config.learning_rates, pool, draws[0].known)
        return Trainings(
            rows * columns * (trials + len(draws)),
            f"of {self.config.steps:,} updates: {rows} rows x {columns} columns x ({trials} to choose a learning rate "
            f"+ {len(draws)} to measure); one of --learning-rates, fewer --columns or --no-references make them fewer",
        )

    def _rate(
        self, start: ImageEncoder, pool: LabelledPool, draw: Draw, column: Trained, trainings: Trainings
    ) -> float:
        """Return the best rate for one column on held-out known images."""
        return chosen_rate(
            self.config.learning_rates,
            pool,
            draw.known,
            lambda parted, rate: self._decided(start, pool, parted, column, rate, 0, trainings)[0],
        )

    def _metrics(
        self,
        start: ImageEncoder,
        pool: LabelledPool,
        draw: Draw,
        rates: Mapping[Trained, float],
        number: int,
        trainings: Trainings,
    ) -> dict[str, float]:
        """Return the metrics of all columns of a draw."""
        crops: dict[str, dict[str, float]] = {}
        whole: dict[str, dict[str, float]] = {}
        for column, rate in rates.items():
            by_crops, at_once = self._decided(start, pool, draw, column, rate, number, trainings)
            crops[column] = _scored(by_crops, pool, draw)
            whole[f"{column}_whole"] = _overall(_scored(at_once, pool, draw))
        return settings_apart({**crops, **whole})

    def _decided(
        self,
        start: ImageEncoder,
        pool: LabelledPool,
        draw: Draw,
        column: Trained,
        rate: float,
        number: int,
        trainings: Trainings,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Train one column and return the (M, K) scores of the crops and those of the whole images."""
        config = self.config
        head = ImageFineTuningConfig(
            num_classes=len(pool.classes),
            several=pool.several,
            trained=column,
            hidden=config.hidden,
            optimizer=config.optimizer,
            learning_rate=rate,
            weight_decay=config.weight_decay,
        )
        settings = Training(
            steps=config.steps, batch_size=config.batch_size, seed=config.seed + number, clip_norm=CLIP_NORM
        )
        network = fine_tuned(start, pool.join(draw.known), head, settings)
        asked = pool.join(draw.asked)
        decided = network.classify_crops(asked, config.crops).mean(0), encode_all(network, asked)
        trainings.one_done()
        return decided


def _columns(method: ImageEncoder, asked: Sequence[Trained]) -> tuple[tuple[Trained, ...], tuple[str, ...]]:
    """Return the columns that the network has, and what must be said of the others."""
    having = columns(method)
    chosen = tuple(column for column in dict.fromkeys(asked) if column in having)
    if not chosen:
        raise UsageError(f"--columns {' '.join(asked)}: this network has none of them; choose among {' '.join(having)}")
    missing = [column for column in asked if column not in having]
    return chosen, tuple(
        f"no column {column}: the network has no fc6 and fc7, and none can be added" for column in missing
    )


def _scored(decided: NDArray[np.float32], pool: LabelledPool, draw: Draw) -> dict[str, float]:
    return decision_scores(decided, pool.targets[draw.asked], pool.classes, several=pool.several)


def _overall(metrics: Mapping[str, float]) -> dict[str, float]:
    """Leave the classes' own values out."""
    return {name: value for name, value in metrics.items() if "/" not in name}


def _in_every_column(metrics: dict[str, float], chosen: Sequence[Trained]) -> dict[str, float]:
    """Return the metrics of a guess, which no training changes."""
    whole = {f"{column}_whole": _overall(metrics) for column in chosen}
    return settings_apart({**dict.fromkeys(chosen, metrics), **whole})
