"""Rows of a table that linear classifiers on frozen layers give: chance, untrained networks and the trained one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.features import encode_layers
from lessup.methods import Method
from lessup.metrics.decisions import chance_scores
from lessup.probes.layer_choice import Classifier, choose, described, told_by
from lessup.probes.layer_search import how, looked_at, searched
from lessup.probes.reference_rows import references
from lessup.samples.label_draws import Draw, LabelledPool


@dataclass(frozen=True)
class Rows:
    """What was measured.

    Attributes:
        metrics: values by row, then by draw or training, then by metric.
        notes: how they came about.
    """

    metrics: dict[str, list[dict[str, float]]]
    notes: tuple[str, ...]


def linear_rows(
    method: Method,
    pool: LabelledPool,
    draws: Sequence[Draw],
    classifier: Classifier,
    *,
    layers: Sequence[str],
    seed: int,
    with_references: bool,
) -> Rows:
    """Fit a classifier to the frozen layers of the trained and of untrained networks.

    Args:
        method: the trained network.
        pool: labelled samples.
        draws: what is known and what is asked.
        classifier: its kind.
        layers: their names; if empty, one is chosen for each network, see ``layer_search``.
        seed: of the random weights.
        with_references: whether chance and untrained networks are measured too.

    Raises:
        UsageError: there is no such layer.
        DataError: all features of a layer are equal.
    """
    named = tuple(method.chosen(layer) for layer in layers)
    known = looked_at(pool, draws)
    metrics: dict[str, list[dict[str, float]]] = {}
    notes = [] if named else [*how(method, known)]
    networks = {"model": method}
    if with_references:
        metrics["chance"] = [chance(pool, draw) for draw in draws]
        others = references(method, pool.parts[0], seed=seed)
        networks = {**others.networks, "model": method}
        notes += others.notes
    for row, network in networks.items():
        names = named or (searched(network, known, told_by(classifier)),)
        choices = choose(encode_pool(network, pool, names), pool, draws, classifier)
        metrics[row] = [choice.metrics() for choice in choices]
        notes.append(f"chosen on held-out training samples for {row}: {described(choices)}")
    return Rows(metrics, (*notes, *counted(pool, draws)))


def chance(pool: LabelledPool, draw: Draw) -> dict[str, float]:
    """Return what guessing gives, see ``chance_scores``."""
    return chance_scores(pool.targets[draw.known], pool.targets[draw.asked], pool.classes, several=pool.several)


def encode_pool(method: Method, pool: LabelledPool, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Return (P, D) features of all samples of a pool by layer; every sample is read once."""
    parts = [encode_layers(method, part, layers) for part in pool.parts]
    return {layer: np.concatenate([part[layer] for part in parts]) for layer in parts[0]}


def counted(pool: LabelledPool, draws: Sequence[Draw]) -> tuple[str, ...]:
    """Say how many samples were known and asked, and what was left out."""
    known, asked = ([len(getattr(draw, side)) for draw in draws] for side in ("known", "asked"))
    sizes = [
        f"{min(numbers)}" + (f" to {max(numbers)}" if max(numbers) > min(numbers) else "") for numbers in (known, asked)
    ]
    free = int((~pool.held_out).sum())
    of = "" if min(known) == free else f" of {free}"
    one = "once" if len(draws) == 1 else f"in each of {len(draws)} draws"
    left_out = (f"{pool.unlabelled} samples have no label and are left out",) if pool.unlabelled else ()
    return (f"{sizes[0]}{of} samples known and {sizes[1]} measured {one}", *left_out)
