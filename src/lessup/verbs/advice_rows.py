"""The rows of ``lessup advise``: ways to learn from few labels, each measured on the same held-out samples."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lessup.backbones.imagenet_classes import imagenet_classifier
from lessup.evaluation import Score, scores_over, settings_apart
from lessup.evaluation.labels_curve import Drawn
from lessup.formats import word_vectors
from lessup.labels.candidates import CANDIDATES
from lessup.labels.class_names import class_vectors
from lessup.labels.held_out import Build, shares_of
from lessup.labels.known_labels import UNLABELLED
from lessup.labels.label_spreading import LabelSpreading
from lessup.labels.self_training import SelfTraining
from lessup.labels.told_by_name import surest
from lessup.methods import ImageEncoder
from lessup.methods.supervised import SupervisedConfig
from lessup.metrics.decisions import chance_scores, decision_scores
from lessup.probes.image_fine_tuning import ImageFineTuningConfig, fine_tuned
from lessup.report.recommendation import ALL, BASELINE, NAMES, SCRATCH
from lessup.report.transfer_table import Cost, Row, Value
from lessup.runs import Training
from lessup.samples.label_draws import LabelledPool
from lessup.training import build
from lessup.training.progress import Trainings
from lessup.verbs.left_out import say
from lessup.verbs.naming import scores_by_name
from lessup.verbs.transfer_rows import standing

METRIC = "class_mean"
"""What is shown and judged: the mean over classes. Rows hold the accuracy over samples as well."""

PROTOCOL = "few labels"
"""What the values of rows stand under."""


def regression() -> LogisticRegression:
    """Return the classifier of the baseline, and the one that self-training starts from.

    Features are not standardised one by one: with a label or two a class, their deviations are noise, and the baseline
    would be too easy to beat.
    """
    return LogisticRegression(max_iter=1000)


ESTIMATORS: Mapping[str, Build] = {
    BASELINE: lambda: SelfTraining(regression(), rounds=0),
    "semi-supervised": lambda: SelfTraining(regression()),
    "transductive": CANDIDATES["label-spreading"],
    "transductive-equal-masses": CANDIDATES["label-spreading-equal-masses"],
    "few-shot": CANDIDATES["nearest-prototype"],
}
"""Estimators by the key of their row."""

NAMES_AND_LABELS = "names-and-labels"

CALLED = {
    "chance": "chance",
    SCRATCH: "scratch (a small network)",
    BASELINE: "pretrained (logistic regression)",
    "semi-supervised": "semi-supervised (self-training)",
    "transductive": "transductive (label spreading)",
    "transductive-equal-masses": "transductive (label spreading, equal masses)",
    "few-shot": "few-shot (nearest prototype)",
    NAMES: "zero-shot (names alone)",
    NAMES_AND_LABELS: "names and labels",
    ALL: "all labels (logistic regression)",
}
"""What rows are called."""

INDUCTIVE = "semi-supervised"
"""The row that never sees the samples that are asked, though it learns from others without a label."""

BATCH, CROPS = 32, 10
"""Images per update from random weights, and random crops of a test image whose scores are averaged."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What all rows are measured on.

    Attributes:
        pool: P labelled samples, some of which are held out.
        raw: (N, D) features as a network gives them; the P come first, then samples without a label.
        x: (N, D) features as estimators see them, whose standard deviation is 1 on average.
        drawn: what is known and asked, by number of labels a class, then by draw; all ask the same samples.
    """

    pool: LabelledPool
    raw: NDArray[np.float32]
    x: NDArray[np.float32]
    drawn: Drawn

    def codes(self, known: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (N,) the classes of known positions, -1 elsewhere."""
        code = np.full(len(self.x), UNLABELLED)
        code[known] = self.pool.label[known]
        return code

    @property
    def asked(self) -> NDArray[np.int64]:
        """(M,) positions that are asked."""
        return np.flatnonzero(self.pool.held_out)

    def scores(self, decided: NDArray[np.floating]) -> dict[str, float]:
        """Return what (M, K) answers score."""
        return decision_scores(decided, self.pool.targets[self.asked], self.pool.classes, several=False)


Answer = Callable[[NDArray[np.int64], int], NDArray[np.floating]]
"""From positions that are known and the number of a draw to (M, K) scores of those that are asked."""


def chance_row(ground: Ground) -> Row:
    """Return what is right where the commonest class of the labels is always told."""
    targets, several = ground.pool.targets, ground.pool.several
    repeats = [
        settings_apart(
            {
                str(level): chance_scores(
                    targets[draws[number].known], targets[ground.asked], ground.pool.classes, several=several
                )
                for level, draws in ground.drawn.items()
            }
        )
        for number in range(num_draws(ground))
    ]
    return Row("chance", CALLED["chance"], "trivial", _values(scores_over(repeats)))


def estimator_rows(ground: Ground) -> tuple[list[Row], list[str]]:
    """Return a row for each of ``ESTIMATORS``, and what they warned of."""
    found = [
        measured(key, ground, _estimator(ground, make, inductive=key == INDUCTIVE)) for key, make in ESTIMATORS.items()
    ]
    return [row for row, _ in found], [note for _, notes in found for note in notes]


def all_labels_row(ground: Ground) -> Row:
    """Return what the baseline does with all labels that are not held out, the same in all columns."""
    start = time.perf_counter()
    decided = _estimator(ground, ESTIMATORS[BASELINE])(np.flatnonzero(~ground.pool.held_out), 0)
    seconds = time.perf_counter() - start
    scores = settings_apart({str(level): ground.scores(decided) for level in ground.drawn})
    return Row(ALL, CALLED[ALL], "supervised", _values(scores_over([scores])), Cost(seconds=seconds))


def scratch_row(
    ground: Ground, *, backbone: str, steps: int, draws: int, seed: int, device: str
) -> tuple[Row, list[str]]:
    """Return the row of a network that learns from the labels alone, from random weights on.

    Args:
        ground: its pool is of images.
        backbone: of the network.
        steps: updates with any number of labels.
        draws: of how many draws it is trained.
        seed: of its weights, one more each draw.
        device: where to train.
    """
    pool = ground.pool
    classes = len(pool.classes)
    asked = pool.join(ground.asked)
    trainings = Trainings(draws * len(ground.drawn), f"of {steps:,} updates from random weights")

    def answer(known: NDArray[np.int64], number: int) -> NDArray[np.floating]:
        images = pool.join(known)
        start = build("supervised", SupervisedConfig(backbone=backbone, channels=images.channels), seed + number)
        assert isinstance(start, ImageEncoder)
        training = Training(steps=steps, batch_size=BATCH, seed=seed + number)
        network = fine_tuned(start.to(device).eval(), images, ImageFineTuningConfig(num_classes=classes), training)
        decided: NDArray[np.floating] = network.classify_crops(asked, CROPS).mean(0)
        trainings.one_done()
        return decided

    return measured(SCRATCH, ground, answer, draws=draws)


def name_rows(ground: Ground, vectors: str) -> tuple[list[Row], list[str]]:
    """Return what the names of the classes tell alone, and with the labels beside them.

    Args:
        ground: its raw features are those of the network whose classes have names.
        vectors: file of word vectors, or ``glove``.

    Raises:
        DataError: a name has no vector, or images look most like one class alone.
        MissingExtraError: the extra ``imagenet`` or ``words`` is not installed.
    """
    words = word_vectors.read(vectors)
    found = class_vectors(ground.pool.classes, words)
    asked = np.stack([found[name] for name in ground.pool.classes])
    scores = scores_by_name(ground.raw, imagenet_classifier(), asked, words)

    def answer(known: NDArray[np.int64], _: int) -> NDArray[np.floating]:
        examples = surest(scores, ground.codes(known))
        return shares_of(LabelSpreading().fit(ground.x, examples), ground.x, ground.asked, len(asked))

    start = time.perf_counter()
    alone = ground.scores(answer(ground.asked[:0], 0))
    seconds = time.perf_counter() - start
    same = [settings_apart({str(level): alone for level in ground.drawn})] * num_draws(ground)
    names = Row(NAMES, CALLED[NAMES], "trained", _values(scores_over(same)), Cost(seconds=seconds))
    both, notes = measured(NAMES_AND_LABELS, ground, answer)
    return [names, both], notes


def measured(key: str, ground: Ground, answer: Answer, *, draws: int = 0) -> tuple[Row, list[str]]:
    """Ask a way to learn about every number of labels of every draw.

    Args:
        key: of its row.
        ground: what is known and asked.
        answer: the way.
        draws: of how many draws; of all if 0.

    Returns:
        The row, whose cost is the mean time of an answer, and a sentence if there were warnings.
    """
    repeats, seconds, warned = [], [], []
    for number in range(draws or num_draws(ground)):
        of_level = {}
        for level, drawn in ground.drawn.items():
            start = time.perf_counter()
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                decided = answer(drawn[number].known, number)
            seconds.append(time.perf_counter() - start)
            warned += [str(told[0].message)] if told else []
            of_level[str(level)] = ground.scores(decided)
        repeats.append(settings_apart(of_level))
    row = Row(key, CALLED[key], "trained", _values(scores_over(repeats)), Cost(seconds=float(np.mean(seconds))))
    say(f"{row.name}: measured {len(seconds)} times in {sum(seconds):.0f} s")
    if not warned:
        return row, []
    return row, [f"{row.name}: {len(warned)} of {len(seconds)} times there was a warning, such as: {warned[0]}"]


def with_standings(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Set the trained rows against the one that they have to beat."""
    baseline = next(row for row in rows if row.key == BASELINE).values[PROTOCOL]
    return tuple(
        replace(row, values={PROTOCOL: {metric: _stood(value, baseline[metric]) for metric, value in held.items()}})
        if row.kind == "trained" and row.key != BASELINE
        else row
        for row in rows
        for held in [row.values[PROTOCOL]]
    )


def num_draws(ground: Ground) -> int:
    """Return how often labels are drawn."""
    return len(next(iter(ground.drawn.values())))


def _estimator(ground: Ground, make: Build, *, inductive: bool = False) -> Answer:
    """Return how an estimator answers; an inductive one does not see what is asked before."""
    seen = np.ones(len(ground.x), bool)
    if inductive:
        seen[ground.asked] = False

    def answer(known: NDArray[np.int64], _: int) -> NDArray[np.floating]:
        estimator = make().fit(ground.x[seen], ground.codes(known)[seen])
        return shares_of(estimator, ground.x, ground.asked, len(ground.pool.classes))

    return answer


def _stood(value: Value, other: Value) -> Value:
    return replace(value, standing=standing(value, other, lower_is_better=False))


def _values(scores: Mapping[str, Score]) -> dict[str, dict[str, Value]]:
    """Return the scores that are not of single classes."""
    overall = {metric: score for metric, score in scores.items() if "/" not in metric}
    return {PROTOCOL: {metric: Value(score.mean, score.std, score.n) for metric, score in overall.items()}}
