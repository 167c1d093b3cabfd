"""Which images the running statistics of batch normalisation are of."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm  # that of several processes, too


@contextmanager
def statistics_kept(network: nn.Module) -> Iterator[None]:
    """Normalise each batch by its own statistics, as in training, and leave the running ones as they are."""
    layers = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum
