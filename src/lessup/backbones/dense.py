"""Which layers of a backbone are maps, so that what it says of an image can be told of a place in it.

Tokens of a transformer count as a map of its patches.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from lessup.backbones import Aside, Backbone
from lessup.backbones.vit import LargestToken, MeanToken, Patches
from lessup.errors import UsageError

Pooling = Literal["gap", "gmp"]
"""Global average pooling, or global max pooling."""

POOLED = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)

COARSEST = 20
"""Largest stride in pixels of a map that is still fine enough to tell objects apart; conv5 of AlexNet has 17.5."""


@dataclass(frozen=True)
class PooledEnding:
    """How a network ends that pools a map and weighs it by class, so that its scores can be read off every place.

    Attributes:
        layer: the map (B, C, H, W), or tokens (B, T, C), that is pooled.
        weight: (K, C) of the linear layer behind the pooling.
        bias: (K,) of the same.
    """

    layer: str
    weight: Tensor
    bias: Tensor


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
    pools = isinstance(pooling, POOLED) and pooling.output_size in (1, (1, 1))
    return before if pools or isinstance(pooling, MeanToken | LargestToken) else None


def pooled(backbone: Backbone, pooling: Pooling) -> Backbone:
    """Return a network that ends behind its last map, or its last tokens, in a stage ``pool``; its modules are shared.

    Args:
        backbone: stays as it is. If it ends in pooling, that is replaced; if not, so is all behind its ``last_map``.
        pooling: how the map becomes one value a channel.

    Raises:
        UsageError: it has neither tokens nor a map that is fine enough.
    """
    tokens, average = _tokens(backbone), pooling == "gap"
    layer = pooled_map(backbone) or (tokens[-1] if tokens else last_map(backbone))
    parts: list[nn.Module]
    if layer in tokens:
        parts = [MeanToken() if average else LargestToken()]
    else:
        parts = [nn.AdaptiveAvgPool2d(1) if average else nn.AdaptiveMaxPool2d(1), nn.Flatten()]
    return backbone.until(layer, then={"pool": nn.Sequential(*parts)})


def explaining_map(backbone: Backbone) -> str:
    """Return the deepest layer all of whose places can still change the output: a map or tokens.

    That is the map that is pooled, else the ``last_map``, else the tokens that the last block of attention mixes:
    behind it only one of them may count.

    Raises:
        UsageError: it has neither tokens nor a map that is fine enough.
    """
    mixing = [name for name in _tokens(backbone) if _attends(backbone.stages[name])]
    layers = chain(backbone)
    return pooled_map(backbone) or (layers[layers.index(mixing[-1]) - 1] if mixing else last_map(backbone))


def as_map(backbone: Backbone, features: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a layer's features as (B, C, h, w): maps (B, C, h, w) as they are, tokens (B, T, C) where patches lie.

    Args:
        backbone: where they come from.
        features: of one of its layers.
        size: height and width of the images, in pixels.

    Raises:
        UsageError: the layer gives one row an image.
    """
    if features.ndim == 4:
        return features
    patches = [stage for stage in backbone.stages.values() if isinstance(stage, Patches)]
    if features.ndim != 3 or not patches:
        shape = tuple(features.shape[1:])
        raise UsageError(f"a layer of shape {shape} has no places: choose one that is a map or tokens of patches")
    height, width = patches[0].grid(*size)
    return features[:, -height * width :].transpose(1, 2).reshape(len(features), -1, height, width)


def _tokens(backbone: Backbone) -> tuple[str, ...]:
    return tuple(name for name in chain(backbone) if len(backbone.shapes[name]) == 2)


def _attends(stage: nn.Module) -> bool:
    return any(isinstance(part, nn.MultiheadAttention) for part in stage.modules())
