"""Agreement of two labellings beyond what chance gives."""

import numpy as np
from numpy.typing import NDArray


def kappa(table: NDArray[np.int64]) -> float:
    """Return how far two labellings of the same things agree, with what chance would give taken off.

    Args:
        table: (K, K) counts by the first and the second labelling.

    Returns:
        1 for equal labellings, 0 for as much as chance gives, below 0 for less; 0 where both give one and the same
        label to everything, or where there is nothing: such labellings say nothing.

    Source: Jacob Cohen, *A Coefficient of Agreement for Nominal Scales*, 1960, eq. 1.

    >>> round(kappa(np.array([[20, 5], [10, 15]])), 6)
    0.4
    """
    total = table.sum()
    if not total:
        return 0.0
    share = table / total
    chance = float(share.sum(axis=0) @ share.sum(axis=1))
    return (float(np.trace(share)) - chance) / (1 - chance) if chance < 1 else 0.0
