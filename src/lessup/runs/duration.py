"""How long a run trained, from its log alone."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def training_seconds(metrics: Mapping[str, NDArray[np.float64]], batch_size: int) -> float | None:
    """Return the seconds of all updates that a run kept, with its checkpoints and validations.

    A line of metrics.csv says how fast the samples went through since the line before it; where a run was resumed, the
    lines before the checkpoint stand, and the clock goes on from there. What came before the first update, such as
    reading the data, is not counted.

    Args:
        metrics: (L,) values by column, as ``Run.metrics`` reads them.
        batch_size: samples of an update.

    Returns:
        None where nothing was logged.

    >>> training_seconds({"step": np.array([10.0, 30.0]), "samples_per_second": np.array([5.0, 20.0])}, 2)
    6.0
    """
    if "samples_per_second" not in metrics:
        return None
    timed = metrics["samples_per_second"] > 0  # not so in lines of the collapse guard alone
    updates = np.diff(metrics["step"][timed], prepend=0.0)
    return float((updates * batch_size / metrics["samples_per_second"][timed]).sum())
