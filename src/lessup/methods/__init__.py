"""Methods: one paper is one module, and the module's name is its public name.

A module offers one concrete ``Method``, its frozen ``Config`` and its recipes: functions that return a ``Recipe``, at
least ``paper`` and ``cpu``.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lessup import discovery
from lessup.runs import Training
from lessup.samples import Batch, Samples
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


@dataclass(frozen=True)
class Optimization:
    """An optimiser of one player and its schedule, stepped once an update."""

    optimizer: Optimizer
    schedule: LRScheduler | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A run's settings: the method's own config and how to train it."""

    config: Any
    training: Training


class Method(nn.Module, ABC):
    """One published way of learning; concrete methods are final.

    Attributes:
        Config: frozen dataclass of the method's hyper-parameters, the paper's values as defaults.
        paper: authors, title, year, link.
        reads: keys of the batch that ``step`` uses; checked against the data before training starts.
        layers: names that ``encode`` accepts, the default first.
    """

    Config: ClassVar[type[Any]]
    paper: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    layers: ClassVar[tuple[str, ...]]
    config: Any

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

    @abstractmethod
    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return the optimiser of every player of ``step``, for a run of ``num_steps`` updates."""


class ShapeAutoencoder(Method):
    """A method that maps a corrupted grid to a whole one through a code, so that it can repair and blend."""

    @abstractmethod
    def repair(self, voxels: Tensor) -> Tensor:
        """Return (B, V, V, V) probabilities in [0, 1] that a cell of the whole shape is occupied, from bool grids."""

    @abstractmethod
    def blend(self, first: Tensor, second: Tensor, weight: float) -> Tensor:
        """Return (B, V, V, V) probabilities decoded from the codes of two bool grids mixed at 0 <= weight <= 1.

        A weight of 0 gives the first shape, 1 the second.
        """


def load(name: str) -> type[Method]:
    """Return the method class behind a public name, such as ``vconv-dae``.

    Raises:
        UsageError: no method has this name.
    """
    return discovery.concrete("methods", name, Method)  # type: ignore[type-abstract]


def recipes(name: str) -> dict[str, Callable[[], Recipe]]:
    """Return a method's recipes by name: the functions of its module that return a ``Recipe``.

    Raises:
        UsageError: no method has this name.
    """
    functions = inspect.getmembers(discovery.module("methods", name), inspect.isfunction)
    return {key: function for key, function in functions if inspect.signature(function).return_annotation is Recipe}
