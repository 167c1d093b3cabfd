"""Which part of a backbone is run over a whole image, and which on one region of it."""

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
