"""A linear classifier on each of several layers; its strength and the layer are chosen on held-out training samples."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.metrics.decisions import decision_scores
from lessup.probes.layer_search import Features, Tell
from lessup.probes.logistic import logistic
from lessup.probes.one_vs_rest import one_vs_rest
from lessup.probes.spaces import Matrix, Pool, Space
from lessup.samples.label_draws import Draw, LabelledPool, hold_out

Fit = Callable[[Space, NDArray[np.int8], float], Matrix]
"""Fits machines for (N, K) targets with a strength, and returns their state."""

COSTS = (1.0, 0.1, 10.0)
"""Of a support vector machine's training error, for samples whose mean square is 1."""

DECAYS = (1e-5, 1e-4, 1e-6)
"""Of a logistic regression's weights, for samples whose mean square is 1."""


@dataclass(frozen=True)
class Classifier:
    """A kind of linear classifier.

    Attributes:
        fit: fits it.
        strengths: to choose from, the first one where there is nothing to choose on.
    """

    fit: Fit
    strengths: tuple[float, ...]


def support_vector_machine(costs: tuple[float, ...] = COSTS) -> Classifier:
    """Return one linear machine a class against the rest."""
    return Classifier(lambda space, targets, cost: one_vs_rest(space, targets, cost), costs)


def logistic_regression(decays: tuple[float, ...] = DECAYS, *, several: bool) -> Classifier:
    """Return one softmax over all classes, or one sigmoid for each where a sample may have several."""
    return Classifier(lambda space, targets, decay: logistic(space, targets, decay, several=several), decays)


@dataclass(frozen=True)
class Choice:
    """What one draw led to.

    Attributes:
        layer: the one with the best validation score.
        strength: by layer.
        validation: percent of the held-out training samples that were decided right, or their mean average precision,
            by layer; NaN where too few samples are known to hold any out.
        scores: of the test part by layer, see ``decision_scores``.
    """

    layer: str
    strength: Mapping[str, float]
    validation: Mapping[str, float]
    scores: Mapping[str, Mapping[str, float]]

    def metrics(self) -> dict[str, float]:
        """Return the scores of the chosen layer, and beside them the overall ones as ``METRIC_at_LAYER`` of each."""
        every = {
            f"{name}_at_{layer}": value
            for layer, scores in self.scores.items()
            for name, value in scores.items()
            if "/" not in name
        }
        return {**self.scores[self.layer], **(every if len(self.scores) > 1 else {})}


def choose(
    features: Mapping[str, NDArray[np.float32]], pool: LabelledPool, draws: Sequence[Draw], classifier: Classifier
) -> list[Choice]:
    """Fit a classifier to every layer in every draw.

    Args:
        features: (P, D) of the pool by layer, the default first.
        pool: targets and families of the P samples.
        draws: what is known and what is asked.
        classifier: its kind.

    Returns:
        One choice a draw.

    Raises:
        DataError: all features of a layer are equal.
    """
    found: list[dict[str, tuple[float, float, dict[str, float]]]] = [{} for _ in draws]
    for layer, values in features.items():
        space = Pool(values)
        for draw, of_draw in zip(draws, found, strict=True):
            strength, validation = best_strength(space, pool, draw.known, classifier)
            of_draw[layer] = (strength, validation, _decide(space, pool, draw, classifier.fit, strength))
    return [_choice(of_draw) for of_draw in found]


def best_strength(
    space: Pool, pool: LabelledPool, known: NDArray[np.int64], classifier: Classifier
) -> tuple[float, float]:
    """Return the best strength on held-out training samples, and its score there in percent.

    Args:
        space: features of the P samples of the pool.
        pool: their targets and families.
        known: (N,) positions of the training samples, a third of which is held out for this.
        classifier: its kind.

    Returns:
        The first strength and NaN where too few samples are known to hold any out.
    """
    parted = hold_out(pool, known)
    if parted is None:
        return classifier.strengths[0], float("nan")
    scores = _validated(space, pool, parted, classifier)
    best = int(np.argmax(scores))
    return classifier.strengths[best], scores[best]


def told_by(classifier: Classifier) -> Tell:
    """Return how well a classifier tells held-out samples by each layer, with the best of its strengths.

    The score is accuracy, or mean average precision for several classes, in percent; -inf for a layer whose features
    are all equal.
    """

    def tell(features: Features, pool: LabelledPool, parted: Draw) -> dict[str, float]:
        told = {}
        for layer, values in features.items():
            try:
                told[layer] = max(_validated(Pool(values), pool, parted, classifier))
            except DataError:  # a dead layer is no choice; if all are, the classifier of the chosen one says so
                told[layer] = -np.inf
        return told

    return tell


def described(choices: Sequence[Choice]) -> str:
    """Say which layers and strengths were chosen, the most frequent first.

    >>> described([Choice("fc6", {"fc6": 1.0}, {}, {}), Choice("fc6", {"fc6": 10.0}, {}, {})])
    'fc6 (2 of 2 draws), strength 1 or 10'
    """
    layers = Counter(choice.layer for choice in choices)
    counts = ", ".join(f"{layer} ({count} of {len(choices)} draws)" for layer, count in layers.most_common())
    strengths = sorted({choice.strength[choice.layer] for choice in choices})
    return f"{counts}, strength {' or '.join(f'{strength:g}' for strength in strengths)}"


def _validated(space: Pool, pool: LabelledPool, parted: Draw, classifier: Classifier) -> list[float]:
    """Return the score of what a draw asks, by strength."""
    parts = space.part(parted)
    headline = "map" if pool.several else "accuracy"
    states = [classifier.fit(parts, pool.targets[parted.known], strength) for strength in classifier.strengths]
    return [_scores(parts.decide(state), pool, parted.asked)[headline] for state in states]


def _decide(space: Pool, pool: LabelledPool, draw: Draw, fit: Fit, strength: float) -> dict[str, float]:
    parts = space.part(draw)
    return _scores(parts.decide(fit(parts, pool.targets[draw.known], strength)), pool, draw.asked)


def _scores(decided: Matrix, pool: LabelledPool, asked: NDArray[np.int64]) -> dict[str, float]:
    return decision_scores(decided, pool.targets[asked], pool.classes, several=pool.several)


def _choice(by_layer: Mapping[str, tuple[float, float, dict[str, float]]]) -> Choice:
    validation = {layer: found[1] for layer, found in by_layer.items()}
    known = {layer: score for layer, score in validation.items() if not np.isnan(score)}
    return Choice(
        layer=max(known, key=lambda layer: known[layer]) if known else next(iter(by_layer)),
        strength={layer: found[0] for layer, found in by_layer.items()},
        validation=validation,
        scores={layer: found[2] for layer, found in by_layer.items()},
    )
