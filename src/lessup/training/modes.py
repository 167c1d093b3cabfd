"""Looking at a network in the middle of its training."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lessup.samples import Batch, Samples


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a module into ``eval`` mode without gradients, and back into exactly the modes that its parts had."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in modes:
            part.training = mode


def batch_on(device: torch.device, samples: Samples, indices: NDArray[np.int64]) -> Batch:
    """Read samples, move them to a device in their compact form and expand them there."""
    return samples.expand({key: value.to(device) for key, value in samples.read(indices).items()})
