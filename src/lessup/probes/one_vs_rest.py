"""Linear support vector machines, each class against the rest, all classes at once.

Source: Hsieh, Chang, Lin, Keerthi, Sundararajan, *A Dual Coordinate Descent Method for Large-scale Linear SVM*, 2008:
the machine with squared hinge loss that liblinear fits by default, and its algorithm.

Differs from the paper: the samples are visited in blocks, so that nearly all of the work is matrix products that the
classes share.
"""

import numpy as np
from numpy.typing import NDArray

from lessup.probes.spaces import Matrix, Space

BLOCK = 64
"""Samples between two matrix products."""

TOLERANCE = 0.1
"""The largest violation of optimality at which the machines are done; liblinear's default."""

MOST_PASSES = 50
"""Over the samples; a large cost needs more, and decides no better for it."""


def one_vs_rest(
    space: Space, targets: NDArray[np.int8], cost: float, *, tolerance: float = TOLERANCE, passes: int = MOST_PASSES
) -> Matrix:
    """Minimise |w|^2 / 2 + C sum max(0, 1 - s w.x)^2 for each of K machines, s being 1 in the class and -1 outside.

    Args:
        space: the N training samples.
        targets: (N, K) 1 in the class, 0 outside, -1 not to be counted.
        cost: C > 0.
        tolerance: largest violation of optimality.
        passes: over the samples, at most.

    Returns:
        The state of the machines in the space.
    """
    from lessup.probes.coordinate_descent import update_block

    num_samples, num_classes = targets.shape
    generator = np.random.default_rng(0)
    blocks = np.array_split(generator.permutation(num_samples), -(-num_samples // BLOCK))
    within = [space.within(rows) for rows in blocks]
    state = space.start(num_classes)
    kind = state.dtype
    sign = np.where(targets == 1, 1, np.where(targets == 0, -1, 0)).astype(kind)
    weight = np.zeros(sign.shape, kind)
    for _ in range(passes):
        worst = np.zeros(num_classes, kind)
        for number in generator.permutation(len(blocks)):
            rows = blocks[number]
            own, change = weight[rows], np.empty((len(rows), num_classes), kind)
            scores = space.scores(state, rows)
            update_block(within[number], scores, own, sign[rows], kind.type(0.5 / cost), change, worst)
            weight[rows] = own
            space.add(state, rows, change)
        if worst.max() <= tolerance:
            break
    return state
