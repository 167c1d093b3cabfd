"""Whether two means differ by more than their spreads."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A mean over ``n`` repeats and their sample standard deviation."""

    mean: float
    std: float
    n: int


def exceeds_spread(first: Spread, second: Spread) -> bool | None:
    """Tell whether two means differ by more than the root of the sum of their variances.

    The repeats are not paired: values of equal draws often rise and fall together, and then this asks for more than
    it must.

    Args:
        first: one mean with its spread.
        second: the other.

    Returns:
        None where one of them is a single value, which has no spread.

    >>> exceeds_spread(Spread(50.0, 3.0, 5), Spread(44.0, 4.0, 5))
    True
    >>> exceeds_spread(Spread(50.0, 3.0, 5), Spread(45.0, 4.0, 5))
    False
    """
    if min(first.n, second.n) < 2:
        return None
    return abs(first.mean - second.mean) > math.hypot(first.std, second.std)
