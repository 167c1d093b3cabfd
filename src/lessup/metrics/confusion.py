"""Which classes are taken for which."""

import numpy as np
from numpy.typing import NDArray


def confusion(label: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Count samples by true and predicted class.

    Args:
        label: (N,) 0 to K - 1.
        predicted: (N,) 0 to K - 1.
        num_classes: K.

    Returns:
        (K, K) counts; rows are true classes.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    table = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(table, (label, predicted), 1)
    return table
