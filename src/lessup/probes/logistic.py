"""Logistic regression on frozen features: one softmax over the classes, or one sigmoid for each.

Source of the algorithm: Bohning, *Multinomial Logistic Regression Algorithm*, 1992: Newton steps with a bound of the
curvature that never changes, so that it is factored once; here with Nesterov's momentum.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from lessup.probes.spaces import Matrix, Space

MOST_STEPS = 200

TOLERANCE = 1e-3
"""Length of a step, as a share of the state, at which the regression is done."""

MOST_MOMENTUM = 0.9

EVERY = slice(None)


def logistic(
    space: Space,
    targets: NDArray[np.int8],
    decay: float,
    *,
    several: bool,
    tolerance: float = TOLERANCE,
    steps: int = MOST_STEPS,
) -> Matrix:
    """Minimise the mean cross-entropy of N samples, summed over classes, plus decay |w|^2 / 2.

    Args:
        space: the N training samples.
        targets: (N, K) 1 in the class, 0 outside, -1 not to be counted.
        decay: > 0.
        several: whether a sample may have several classes: a sigmoid for each in place of one softmax.
        tolerance: length of a step at which to end.
        steps: at most.

    Returns:
        The state of the regression in the space.
    """
    state = space.start(targets.shape[1])
    ahead, kind = state.copy(), state.dtype
    solve = space.solver((0.25 if several else 0.5) / len(targets), decay)
    for step in range(steps):
        slope = ahead * kind.type(decay)
        space.add(slope, EVERY, _errors(space.scores(ahead, EVERY), targets, several) / kind.type(len(targets)))
        change = solve(slope)
        following = ahead - change
        ahead = following + kind.type(min(step / (step + 3), MOST_MOMENTUM)) * (following - state)
        state = following
        if np.linalg.norm(change) <= tolerance * np.linalg.norm(state):
            break
    return state


def _errors(scores: Matrix, targets: NDArray[np.int8], several: bool) -> Matrix:
    """Return (N, K) the derivative of every sample's cross-entropy."""
    believed = expit(scores) if several else softmax(scores, axis=1)
    return np.where(targets < 0, 0, believed - (targets == 1)).astype(scores.dtype)
