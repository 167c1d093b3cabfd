"""How well classes are told apart with 1, 5, 10 ... labels a class, and how many labels pretraining saves.

Source: the curves of Henaff, Srinivas, De Fauw, Razavi, Doersch, Eslami, van den Oord, *Data-Efficient Image
Recognition with Contrastive Predictive Coding*, 2020, figure 1: a classifier on frozen features, and the same network
trained from random weights on the same labels.

Differs from the paper: the classifier is the linear machine of ``linear-svm``; labels are counted by class, drawn
several times, and those of a few are part of those of more; rows for chance, random weights and ``magic-init`` stand
beside the model. All numbers of labels are measured on the same samples, which none of them knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score, scores_over, settings_apart
from lessup.features import untrained
from lessup.methods import ImageEncoder, Method
from lessup.metrics.decisions import decision_scores
from lessup.metrics.labels_needed import labels_needed
from lessup.probes.image_fine_tuning import ImageFineTuningConfig, fine_tuned
from lessup.probes.layer_choice import COSTS, support_vector_machine
from lessup.probes.linear_rows import linear_rows
from lessup.probes.rate_choice import RATES, chosen_rate, num_trials
from lessup.runs import Training
from lessup.samples.label_draws import Draw, LabelledPool
from lessup.samples.splits import Split
from lessup.training.progress import Trainings

ENOUGH_CLASSES = 0.5
"""A number of labels is left out where a smaller share of the classes has so many."""

Drawn = Mapping[int, Sequence[Draw]]
"""By number of labels a class, one draw after the other."""


class LabelsCurve(Protocol):
    """``METRIC_L`` with L labels a class: accuracy over samples and its mean over classes in percent.

    Where samples have several classes, mean average precision. ``scratch_labels_L`` is the number of labels a class
    with which the same network, trained from random weights, does as well as a row does with L.

    Figures: ``labels`` (L,); ``mean_ROW`` and ``std_ROW`` (L,) of the ``metric``; ``rows``, their names in order.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            labels: numbers of labels a class.
            layers: names of layers; if none is given, one of the backbone's is chosen on a third of the known samples
                of the first draw with the most labels, apart for each row.
            draws: how often labels are drawn anew.
            costs: of a training error, to choose from; the first one where too few samples are known to choose.
            seed: of the draws, the random weights and of training.
            references: also measure chance and untrained networks.
            scratch: also train the whole network from random weights; takes minutes for each number of labels.
            fine_tuned: also train the whole network from the trained weights; takes as long.
            trained_draws: of how many draws the whole network is trained.
            steps: updates of the whole network, with any number of labels.
            batch_size: images per update.
            learning_rates: peaks of its cosine; the one that does best on a third of the known images of the first
                draw with the most labels is taken for all, the first one where too few are known to choose.
            crops: random crops of a test image whose scores are averaged where the whole network was trained.
        """

        labels: tuple[int, ...] = (1, 5, 10, 100)
        layers: tuple[str, ...] = ()
        draws: int = 5
        costs: tuple[float, ...] = COSTS
        seed: int = 0
        references: bool = True
        scratch: bool = False
        fine_tuned: bool = False
        trained_draws: int = 1
        steps: int = 500
        batch_size: int = 32
        learning_rates: tuple[float, ...] = RATES
        crops: int = 10

    paper: ClassVar[str] = (
        "Henaff, Srinivas, De Fauw, Razavi, Doersch, Eslami, van den Oord, Data-Efficient Image Recognition with "
        "Contrastive Predictive Coding, 2020, https://arxiv.org/abs/1905.09272"
    )
    reads: ClassVar[tuple[str, ...]] = ("label",)
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True
    config: Config

    @property
    def deals(self) -> bool:
        """Whether labels are drawn out of all samples, and those that the most labels leave over are measured."""
        return True

    def measure(self, method: Method, split: Split) -> Result:
        """Fit a classifier to every number of labels and score the same samples with each.

        Raises:
            DataError: the classes have too few labelled samples, or all features are equal.
            UsageError: a setting makes no sense, or there is no such layer.
        """
        self._check(method)
        config = self.config
        pool = LabelledPool.of(split)
        levels, notes = carried(pool, config.labels)
        drawn = draws_by_level(pool, levels, config.draws, seed=config.seed)
        rows, linear_notes = self._linear(method, pool, drawn)
        starts = {
            "from_scratch": untrained(method, config.seed) if config.scratch else None,
            "fine_tuned": method if config.fine_tuned else None,
        }
        trainings = self._announced(sum(start is not None for start in starts.values()), pool, drawn)
        for row, start in starts.items():
            if isinstance(start, ImageEncoder):
                metrics, rate = self._trained(start, pool, drawn, trainings)
                rows[row] = scores_over(metrics)
                notes = (
                    *notes,
                    f"{row}: learning rate {rate:g} of {', '.join(f'{each:g}' for each in config.learning_rates)}",
                )
        headline = "map" if pool.several else "accuracy"
        curves = {row: [scores[f"{headline}_{level}"] for level in levels] for row, scores in rows.items()}
        saved, saved_notes = _labels_saved(levels, curves)
        scores = {row: {**values, **saved.get(row, {})} for row, values in rows.items()}
        asked = f"with every number of labels, the same {len(drawn[levels[0]][0].asked)} samples are measured"
        return Result(scores, _figures(levels, curves, headline), (*saved_notes, *notes, *linear_notes, asked))

    def _check(self, method: Method) -> None:
        """Raise for settings that make no sense, before long work starts."""
        config = self.config
        if not config.labels or min(config.labels) < 1:
            raise UsageError(f"--labels {' '.join(map(str, config.labels))}: wanted numbers of 1 or more")
        if not config.learning_rates:
            raise UsageError("--learning-rates: wanted at least one")
        if config.draws < 1 or not 1 <= config.trained_draws <= config.draws:
            raise UsageError(
                f"{config.draws} draws, of which {config.trained_draws} are trained on: wanted at least 1, and no more "
                "trained than drawn"
            )
        if (config.scratch or config.fine_tuned) and not isinstance(method, ImageEncoder):
            raise UsageError("--scratch and --fine-tuned train networks on images; this one reads none: leave them out")

    def _linear(
        self, method: Method, pool: LabelledPool, drawn: Drawn
    ) -> tuple[dict[str, dict[str, Score]], tuple[str, ...]]:
        """Return the rows of the linear classifier; every sample is encoded once for all numbers of labels."""
        config = self.config
        rows = linear_rows(
            method,
            pool,
            [draw for draws in drawn.values() for draw in draws],
            support_vector_machine(config.costs),
            layers=config.layers,
            seed=config.seed,
            with_references=config.references,
        )
        found = {}
        for row, metrics in rows.metrics.items():
            repeats = [metrics[number :: config.draws] for number in range(config.draws)]
            named = [dict(zip(map(str, drawn), of_level, strict=True)) for of_level in repeats]
            found[row] = scores_over([settings_apart(of_level) for of_level in named])
        return found, rows.notes

    def _announced(self, rows: int, pool: LabelledPool, drawn: Drawn) -> Trainings:
        """Say how many trainings there will be."""
        trials = num_trials(self.config.learning_rates, pool, drawn[max(drawn)][0].known)
        measured = len(drawn) * self.config.trained_draws
        return Trainings(
            rows * (trials + measured),
            f"of {self.config.steps:,} updates: {rows} rows x ({trials} to choose a learning rate + {measured} to "
            "measure)",
        )

    def _trained(
        self, start: ImageEncoder, pool: LabelledPool, drawn: Drawn, trainings: Trainings
    ) -> tuple[list[dict[str, float]], float]:
        """Train the whole network with every number of labels; return the metrics by draw, and the rate."""
        most = drawn[max(drawn)][0].known
        rate = chosen_rate(
            self.config.learning_rates,
            pool,
            most,
            lambda draw, rate: self._decided(start, pool, draw, 0, rate, trainings),
        )
        metrics = [
            settings_apart(
                {
                    str(level): self._end_to_end(start, pool, draws[number], number, rate, trainings)
                    for level, draws in drawn.items()
                }
            )
            for number in range(self.config.trained_draws)
        ]
        return metrics, rate

    def _end_to_end(
        self, start: ImageEncoder, pool: LabelledPool, draw: Draw, number: int, rate: float, trainings: Trainings
    ) -> dict[str, float]:
        decided = self._decided(start, pool, draw, number, rate, trainings)
        return decision_scores(decided, pool.targets[draw.asked], pool.classes, several=pool.several)

    def _decided(
        self, start: ImageEncoder, pool: LabelledPool, draw: Draw, number: int, rate: float, trainings: Trainings
    ) -> NDArray[np.float32]:
        """Train on what a draw knows and return (M, K) scores of what it asks."""
        config = self.config
        head = ImageFineTuningConfig(num_classes=len(pool.classes), several=pool.several, learning_rate=rate)
        settings = Training(steps=config.steps, batch_size=config.batch_size, seed=config.seed + number)
        network = fine_tuned(start, pool.join(draw.known), head, settings)
        decided: NDArray[np.float32] = network.classify_crops(pool.join(draw.asked), config.crops).mean(0)
        trainings.one_done()
        return decided


def carried(pool: LabelledPool, labels: Sequence[int]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the numbers of labels that enough classes have, rising, and what must be said of the others.

    Args:
        pool: where labels are drawn from; if no part of it is held out, a class keeps one sample to be asked.
        labels: numbers of labels a class.

    Raises:
        DataError: none is left.
    """
    free = (pool.targets[~pool.held_out] == 1).sum(0)
    free = free[free > 0] - (0 if pool.held_out.any() else 1)
    levels = sorted(set(labels))
    kept = tuple(level for level in levels if (free >= level).mean() >= ENOUGH_CLASSES)
    if not kept:
        raise DataError(
            f"{levels[0]} labels a class: half of the classes have {int(np.median(free))} or fewer to learn from; add "
            "labelled samples or pass smaller numbers as --labels"
        )
    notes = []
    for level in levels:
        short = int((free < level).sum())
        if level not in kept:
            notes.append(f"{level} labels a class are left out: {short} of {len(free)} classes have fewer")
        elif short:
            notes.append(
                f"{level} labels a class: {short} of {len(free)} classes have fewer, and all of theirs are known"
            )
    return kept, tuple(notes)


def draws_by_level(pool: LabelledPool, levels: Sequence[int], count: int, *, seed: int) -> Drawn:
    """Draw labels: the known samples of a level are part of those of the next, and all ask the same samples.

    These are the held-out ones, or, where nothing is held out, those that the highest level leaves over.

    Args:
        pool: labelled samples.
        levels: numbers of labels a class, rising.
        count: how often to draw.
        seed: of all draws.

    Raises:
        DataError: see ``LabelledPool.draw``.
    """
    asked = [pool.draw(number, num_per_class=levels[-1], seed=seed).asked for number in range(count)]
    return {
        level: [Draw(pool.draw(number, num_per_class=level, seed=seed).known, asked[number]) for number in range(count)]
        for level in levels
    }


def _labels_saved(
    levels: Sequence[int], curves: Mapping[str, Sequence[Score]]
) -> tuple[dict[str, dict[str, Score]], tuple[str, ...]]:
    """Return by row how many labels training from scratch needs for the same score, where it was measured."""
    if "from_scratch" not in curves:
        return {}, ()
    scratch = [score.mean for score in curves["from_scratch"]]
    found: dict[str, dict[str, Score]] = {}
    notes = []
    for row in [row for row in ("model", "fine_tuned") if row in curves]:
        needed = [labels_needed(levels, scratch, score.mean) for score in curves[row]]
        known = {level: number for level, number in zip(levels, needed, strict=True) if np.isfinite(number)}
        found[row] = {f"scratch_labels_{level}": Score(number) for level, number in known.items()}
        told = ", ".join(f"{_told(known.get(level), levels)} for {level}" for level in levels)
        notes.append(f"labels a class with which training from scratch does as well as {row}: {told}")
    return found, (*notes, "numbers of labels between those that were measured are interpolated over their logarithm")


def _told(needed: float | None, levels: Sequence[int]) -> str:
    if needed is None:
        return f"more than {levels[-1]}"
    return f"{levels[0]} or fewer" if needed == levels[0] else f"{needed:.3g}"


def _figures(
    levels: Sequence[int], curves: Mapping[str, Sequence[Score]], headline: str
) -> dict[str, NDArray[np.generic]]:
    figures: dict[str, NDArray[np.generic]] = {
        "labels": np.array(levels),
        "rows": np.array(list(curves)),
        "metric": np.array(headline),
    }
    for row, scores in curves.items():
        figures[f"mean_{row}"] = np.array([score.mean for score in scores])
        figures[f"std_{row}"] = np.array([score.std for score in scores])
    return figures
