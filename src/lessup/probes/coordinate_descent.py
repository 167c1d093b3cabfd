"""The inner loop of a linear machine's dual, compiled by numba on first use and cached on disk.

Only ``one_vs_rest`` imports this module, and only when it has something to fit: importing numba takes longer than all
of ``import lessup`` may.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Matrix = NDArray[Any]

F = TypeVar("F", bound=Callable[..., object])


def _compiled(function: F) -> F:
    try:
        return cast(F, njit(cache=True, nogil=True, fastmath=True)(function))
    except RuntimeError:  # neither the package nor the user's cache folder can be written: compile in every process
        return cast(F, njit(nogil=True, fastmath=True)(function))


@_compiled
def update_block(
    within: Matrix, scores: Matrix, weight: Matrix, sign: Matrix, ridge: float, change: Matrix, worst: Matrix
) -> None:
    """Minimise the dual over the samples of a block one after the other, for all classes at once.

    Args:
        within: (b, b) products of the samples of the block.
        scores: (b, K) decision values of all machines on them; kept up to date within the block.
        weight: (b, K) dual weights, >= 0, updated.
        sign: (b, K) 1, -1, or 0 where a sample is not counted.
        ridge: 1 / (2 C).
        change: (b, K) filled with how much sign times weight changed.
        worst: (K,) the largest violation of optimality that was met; raised.
    """
    num_samples, num_classes = scores.shape
    for row in range(num_samples):
        steepness = within[row, row] + ridge
        for k in range(num_classes):
            change[row, k] = 0
            if sign[row, k] != 0:
                before = weight[row, k]
                slope = sign[row, k] * scores[row, k] + ridge * before - 1
                weight[row, k] = max(before - slope / steepness, 0)
                change[row, k] = (weight[row, k] - before) * sign[row, k]
                if before > 0 or slope < 0:
                    worst[k] = max(worst[k], np.abs(slope))
        for later in range(row + 1, num_samples):
            product = within[later, row]
            for k in range(num_classes):
                scores[later, k] += product * change[row, k]
