"""Which part of a backbone is run over a whole image, and which on one region of it."""

from torch import nn

from lessup.backbones import Aside, Backbone
from lessup.errors import UsageError

COARSEST = 20
"""Largest stride in pixels of a map that is still fine enough to tell objects apart; conv5 of AlexNet has 17.5."""


def chain(backbone: Backbone) -> tuple[str, ...]:
    """Return the layers that run one after the other."""
    return tuple(name for name, stage in backbone.stages.items() if not isinstance(stage, Aside))


def last_map(backbone: Backbone) -> str:
    """Return the deepest layer that is a map of a stride of at most ``COARSEST`` pixels.

    Raises:
        UsageError: no layer is.
    """
    shapes = backbone.shapes
    maps = [name for name in chain(backbone) if len(shapes[name]) == 3 and backbone.side <= COARSEST * shapes[name][1]]
    if not maps:
        raise UsageError(f"this network has no map of a stride of {COARSEST} pixels or less: choose another backbone")
    return maps[-1]


def pooled_map(backbone: Backbone) -> str | None:
    """Return the layer whose map the last stage pools to one value a channel; None where the network ends otherwise."""
    before, last = (None, *chain(backbone))[-2:]
    pooling = next(iter(backbone.stages[last].children()), None) if last else None
    pools = isinstance(pooling, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d) and pooling.output_size in (1, (1, 1))
    return before if pools else None
