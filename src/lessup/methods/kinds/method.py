"""What every method promises, what its steps give and what its recipes say."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lessup.errors import UsageError
from lessup.optimization import Optimization
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.splits import Folds
from lessup.transforms.draws import Draws


@dataclass(frozen=True)
class Losses:
    """What one step gives: a scalar to minimise per player, and scalars to log beside them.

    Attributes:
        players: () loss by player; one player for most methods, two for adversarial ones.
        log: () values to log, without gradient.
    """

    players: Mapping[str, Tensor]
    log: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A run's settings: the method's own config, how to train it, and what to hold out."""

    config: Any
    training: Training
    folds: Folds = field(default_factory=Folds)


class Method(nn.Module, ABC):
    """One published way of learning; concrete methods are final.

    Attributes:
        Config: frozen dataclass of the method's hyper-parameters, the paper's values as defaults.
        paper: authors, title, year, link.
        reads: keys of the batch that ``step`` uses; checked against the data before training starts.
        chance: what guessing gives of the values that ``step`` logs, by name, where that is known.
        together: samples of one class that lie next to one another in a batch, where the method needs them; 1 mixes.
        copies: if not 0, a batch is an episode: ``together`` samples of each of as many classes as fit into it, a class
            so many times at most, see ``training.episodes``.
        semi_supervised: whether it learns from samples without a label beside those that have one.
        unlabelled_ratio: samples of any kind in a batch for each labelled one, all of which lie before them; 0 mixes.
        fitted: buffers that ``begin`` fits to the data and no step changes; networks with random weights get them too.
    """

    Config: ClassVar[type[Any]]
    paper: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    chance: ClassVar[Mapping[str, float]] = {}
    together: int = 1
    copies: int = 0
    semi_supervised: ClassVar[bool] = False
    unlabelled_ratio: int = 0
    fitted: ClassVar[tuple[str, ...]] = ()
    config: Any

    @property
    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """Names that ``encode`` accepts, the default first."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def chosen(self, layer: str | None) -> str:
        """Return the layer that is asked for, the default where none is.

        Raises:
            UsageError: there is no such layer.
        """
        name = layer or self.layers[0]
        if name not in self.layers:
            raise UsageError(f"no layer {name!r}: choose one of {', '.join(self.layers)}")
        return name

    @classmethod
    def configured(cls, config: Any, samples: Samples) -> Any:
        """Return ``config`` with what only the data can tell (number of classes, side) filled in.

        Raises:
            DataError: the data does not suit the method, such as grids of another side.
        """
        return config

    def check(self, samples: Samples) -> None:
        """Check that this network, as it was built, can read the samples.

        Raises:
            DataError: it cannot, such as grids of another side.
        """
        type(self).configured(self.config, samples)

    def begin(self, samples: Samples, seed: int) -> None:
        """Set the first weights from the training part or from a file; called before the first step of a new run.

        A run that goes on from a checkpoint, and a network with random weights beside others, do without it.

        Args:
            samples: what will be trained on.
            seed: of the run; the same samples and seed give the same weights.

        Raises:
            DataError: the samples or the file cannot give them.
        """

    @classmethod
    @abstractmethod
    def example(cls, batch_size: int) -> Batch:
        """Return the smallest valid random batch, for contract tests, dry runs and docs."""

    @abstractmethod
    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the losses of one training step; all randomness comes from ``draws``."""

    @abstractmethod
    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of one layer, all that evaluation sees; differentiable in the parameters."""

    def encode_layers(self, batch: Batch, layers: Collection[str]) -> dict[str, Tensor]:
        """Return what ``encode`` returns for each of some layers, if possible in one pass."""
        return {layer: self.encode(batch, layer) for layer in layers}

    @abstractmethod
    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return the optimiser of every player of ``step``, for a run of ``num_steps`` updates."""
