"""How often a verifier that accepts what is near accepts an impostor and rejects a genuine claim."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ErrorRates:
    """What goes wrong at every threshold that makes a difference, from accepting nothing to accepting all.

    Attributes:
        false_accept: (T,) share of the impostors that are accepted, rising from 0 to 1.
        false_reject: (T,) share of the genuine that are rejected, falling from 1 to 0.
    """

    false_accept: NDArray[np.float64]
    false_reject: NDArray[np.float64]

    def false_reject_at(self, false_accept: float) -> float:
        """Return the share of the genuine rejected at the last threshold that accepts no larger share of impostors.

        >>> rates = error_rates(np.array([0.1, 0.3, 0.2, 0.4]), np.array([False, False, True, True]))
        >>> rates.false_reject_at(0.1), rates.false_reject_at(0.5)
        (0.5, 0.0)
        """
        return float(self.false_reject[self.false_accept <= false_accept + 1e-12][-1])

    @property
    def equal(self) -> float:
        """The rate at which both are equal, on the straight line between the two thresholds about it.

        >>> error_rates(np.array([0.1, 0.3, 0.2, 0.4]), np.array([False, False, True, True])).equal
        0.5
        """
        lead = self.false_accept - self.false_reject  # from -1 to 1, never falling
        after = int(np.argmax(lead >= 0))
        before = after - 1
        share = -lead[before] / (lead[after] - lead[before])
        return float(self.false_accept[before] + share * (self.false_accept[after] - self.false_accept[before]))


def error_rates(distance: NDArray[np.floating], different: NDArray[np.bool_]) -> ErrorRates:
    """Return both error rates as the threshold below which a claim is accepted rises.

    Args:
        distance: (M,) of the claims, without NaN; equal ones are accepted together.
        different: (M,) bool, True for impostors; at least one of each kind.

    >>> error_rates(np.array([1.0, 2.0, 2.0]), np.array([False, True, False])).false_reject
    array([1. , 0.5, 0. ])
    """
    order = np.argsort(distance, kind="stable")
    last = np.append(np.diff(distance[order]) > 0, True)  # of those equally far
    impostors = np.cumsum(different[order])[last]
    genuine = np.cumsum(~different[order])[last]
    assert impostors[-1], "wanted an impostor"
    assert genuine[-1], "wanted a genuine claim"
    return ErrorRates(np.append(0.0, impostors / impostors[-1]), np.append(1.0, 1 - genuine / genuine[-1]))
