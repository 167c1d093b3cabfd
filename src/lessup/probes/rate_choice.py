"""The learning rate with which a network is fine-tuned, chosen on known images that are held out for it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lessup.metrics.decisions import decision_scores
from lessup.samples.label_draws import Draw, LabelledPool, hold_out

RATES = (1e-3, 3e-4, 3e-3)
"""Peaks of AdamW's cosine to choose from, the middle one first."""

Decide = Callable[[Draw, float], NDArray[np.float32]]
"""Trains on what a draw knows, at a rate, and returns (M, K) scores of what it asks."""


def num_trials(rates: Sequence[float], pool: LabelledPool, known: NDArray[np.int64]) -> int:
    """Return how often ``chosen_rate`` trains."""
    return len(rates) if len(rates) > 1 and hold_out(pool, known) is not None else 0


def chosen_rate(rates: Sequence[float], pool: LabelledPool, known: NDArray[np.int64], decide: Decide) -> float:
    """Return the rate after which held-out known images are told best; the first one where there is no choice.

    Args:
        rates: at least one.
        pool: where the images are from.
        known: (N,) positions, of which a third of each class is held out.
        decide: trains and scores.
    """
    parted = hold_out(pool, known)
    if len(rates) == 1 or parted is None:
        return rates[0]
    headline = "map" if pool.several else "accuracy"
    targets = pool.targets[parted.asked]
    scores = [
        decision_scores(decide(parted, rate), targets, pool.classes, several=pool.several)[headline] for rate in rates
    ]
    return rates[int(np.argmax(scores))]
