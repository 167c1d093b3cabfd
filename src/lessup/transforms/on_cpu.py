"""When compiled loops stand in for batched torch code, and how they share the rows of a batch among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def loops_suit(image: Tensor) -> bool:
    """Say whether compiled loops may compute the same numbers: float32 on the CPU, and no gradient is wanted."""
    wants_gradient = torch.is_grad_enabled() and image.requires_grad
    return image.device.type == "cpu" and image.dtype == torch.float32 and not wants_gradient


def over_rows(kernel: Callable[..., None], *arrays: NDArray[np.generic]) -> None:
    """Call a kernel that runs without Python's lock on equal shares of the rows of all arrays, one a thread of torch.

    Args:
        kernel: takes the arrays and writes into one of them; rows must not depend on one another.
        arrays: (B, ...) each.
    """
    parts = min(torch.get_num_threads(), len(arrays[0]))
    if parts <= 1:
        kernel(*arrays)
        return
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(kernel, *(np.array_split(array, parts) for array in arrays)))
