"""The mean of a value in each class, so that a large class counts no more than a small one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def class_means(
    values: NDArray[np.floating] | NDArray[np.bool_], label: NDArray[np.int64], classes: Sequence[str]
) -> dict[str, float]:
    """Return the mean of each class that has values; NaN values count as not measured.

    Args:
        values: (N,) one value a sample.
        label: (N,) class, or -1 where not known; those make a class ``unlabelled`` of their own.
        classes: (K,) names.

    Returns:
        Mean by name, in the order of ``classes``; a class without a value is left out.

    >>> class_means(np.array([1.0, 3.0, 8.0]), np.array([0, 0, 1]), ("chair", "table"))
    {'chair': 2.0, 'table': 8.0}
    """
    measured = ~np.isnan(values)
    of_class = {name: measured & (label == number) for number, name in [*enumerate(classes), (-1, "unlabelled")]}
    return {name: float(values[chosen].mean()) for name, chosen in of_class.items() if chosen.any()}
