"""Networks that several methods share, in named stages.

A function of this folder that returns a ``Backbone`` is one; its name, with ``_`` written as ``-``, is its public name.
"""

import inspect
import math
from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup import discovery
from lessup.errors import UsageError

MOST_FEATURES = 9216
"""A map with more numbers is averaged over blocks of pixels until it has no more; AlexNet's ``pool5`` has as many."""


class Aside(nn.Sequential):
    """A stage whose output is a feature and no other stage's input."""


class Backbone(nn.Module):
    """Stages that run one after the other, each under the field's name for its output.

    An ``Aside`` among them is left out of the chain: the next stage goes on from the one before it. The last stage is
    none.

    Attributes:
        stages: modules by name, in order.
        layers: their names.
        side: S, pixels on each side of the image that it is made for; its height where that is not square.
        size: height and width of that image.
        channels: C of that image.
        default: the layer whose features are used where none is named.
        mean: value in [0, 1] that becomes 0.
        std: distance from it that becomes 1.
        aliases: beginnings of names in the files in which its weights are published, and what they are here.
        shapes: output of every stage for one image of that size, without the batch axis: (C, H, W), (T, D) or (D,).
    """

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        *,
        side: int,
        width: int | None = None,
        channels: int,
        default: str,
        mean: tuple[float, ...] = (0.5,),
        std: tuple[float, ...] = (0.25,),
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleDict(stages)
        self.layers = tuple(stages)
        self.side = side
        self.size = (side, side if width is None else width)
        self.channels = channels
        self.default = default
        self.mean = mean
        self.std = std
        self.aliases = dict(aliases or {})
        self.shapes = self._shapes()

    @property
    def width(self) -> int:
        """D of the last stage's output where it is ``flat``."""
        return flat(torch.zeros(1, *self.shapes[self.layers[-1]])).shape[1]

    def normalised(self, image: Tensor) -> Tensor:
        """Return (B, C, H, W) images in [0, 1] as the network wants them."""
        mean, std = (image.new_tensor(value).view(-1, 1, 1) for value in (self.mean, self.std))
        return (image - mean) / std

    def forward(self, x: Tensor, *, after: str | None = None) -> Tensor:
        """Map normalised (B, C, S, S), or with ``after`` the output of that stage, to the output of the last stage."""
        last = self.layers[-1]
        return x if after == last else self.features(x, (last,), after=after)[last]

    def features(self, x: Tensor, layers: Collection[str], *, after: str | None = None) -> dict[str, Tensor]:
        """Return the outputs of the named stages; none is computed beyond the last of them.

        Args:
            x: normalised (B, C, H, W); with ``after`` the output of that stage.
            layers: names.
            after: stage from which to go on, not an ``Aside``.

        Raises:
            UsageError: there is no such layer.
        """
        unknown = [name for name in layers if name not in self.layers]
        if unknown:
            raise UsageError(f"no layer {unknown[0]!r}: choose among {', '.join(self.layers)}")
        start = 0 if after is None else self.layers.index(after) + 1
        found: dict[str, Tensor] = {}
        for name in self.layers[start:]:
            if len(found) == len(set(layers)):
                break
            aside = isinstance(self.stages[name], Aside)
            if aside and name not in layers:
                continue
            output = self.stages[name](x)
            if name in layers:
                found[name] = output
            if not aside:
                x = output
        return found

    def until(self, layer: str, *, then: Mapping[str, nn.Module] | None = None) -> "Backbone":
        """Return the stages up to a named one; they are the same modules, not copies.

        Args:
            layer: name of the last stage to keep, not an ``Aside``.
            then: stages that take the place of those left out.

        Raises:
            UsageError: there is no such layer.
        """
        if layer not in self.layers:
            raise UsageError(f"no layer {layer!r}: choose among {', '.join(self.layers)}")
        stages = {name: self.stages[name] for name in self.layers[: self.layers.index(layer) + 1]} | dict(then or {})
        kept = Backbone(
            stages,
            side=self.side,
            width=self.size[1],
            channels=self.channels,
            default=self.default if self.default in stages else [*stages][-1],
            mean=self.mean,
            std=self.std,
            aliases=self.aliases,
        )
        kept.training = kept.stages.training = self.training  # the stages have their own already
        return kept

    @torch.no_grad()
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        modes = [(part, part.training) for part in self.modules()]  # stages may be shared with another backbone
        outputs = self.eval().features(torch.zeros(1, self.channels, *self.size), self.layers)
        for part, mode in modes:
            part.training = mode
        return {name: tuple(output.shape[1:]) for name, output in outputs.items()}


Factory = Callable[[int], Backbone]
"""Makes a backbone with random weights for images of so many channels."""


def factories() -> dict[str, Factory]:
    """Return every backbone's function by public name; models of timm go by ``timm:`` and their name there."""
    found: dict[str, Factory] = {}
    for room in discovery.names("backbones"):
        for name, function in inspect.getmembers(discovery.module("backbones", room), inspect.isfunction):
            signature = inspect.signature(function)
            if signature.return_annotation is Backbone and [*signature.parameters] == ["channels"]:
                found[name.replace("_", "-")] = function
    return found


def build(name: str, *, channels: int) -> Backbone:
    """Return a backbone with random weights.

    Args:
        name: public name, such as ``alexnet-small`` or ``timm:convnext_atto``.
        channels: C of its images.

    Raises:
        UsageError: no backbone has this name.
        MissingExtraError: it needs a package that is not installed.
    """
    if name.startswith("timm:"):
        from lessup.backbones.timm_models import timm_backbone

        return timm_backbone(name.removeprefix("timm:"), channels=channels)
    known = factories()
    if name not in known:
        raise UsageError(f"no backbone called {name!r}: choose among {', '.join(sorted(known))}, timm:NAME")
    return known[name](channels)


def flat(features: Tensor) -> Tensor:
    """Return (B, D) from (B, D), from tokens (B, T, D), averaged, or from maps (B, C, H, W).

    A map is averaged over blocks of pixels where D would pass ``MOST_FEATURES``.

    >>> import torch
    >>> flat(torch.zeros(2, 96, 27, 27)).shape
    torch.Size([2, 7776])
    """
    if features.ndim == 3:
        return features.mean(1)
    if features.ndim == 4:
        largest = max(int(math.sqrt(MOST_FEATURES / features.shape[1])), 1)
        height, width = (min(length, largest) for length in features.shape[2:])
        features = F.adaptive_avg_pool2d(features, (height, width))
    return features.flatten(1)
