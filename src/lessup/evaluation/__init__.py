"""Evaluation: one protocol is one module, and the module's name is its public name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from lessup import discovery, methods
from lessup.errors import LessupError
from lessup.methods import Method
from lessup.samples.label_draws import Draw, LabelledPool, label_draws
from lessup.samples.splits import Split


@dataclass(frozen=True)
class Score:
    """A metric over ``n`` seeds, folds or runs: mean and sample standard deviation (0 for n = 1)."""

    mean: float
    std: float = 0.0
    n: int = 1

    @classmethod
    def of(cls, values: Sequence[float]) -> "Score":
        """Return mean and sample standard deviation of at least one value.

        >>> Score.of([1.0, 3.0]).mean
        2.0
        """
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return cls(float(np.mean(values)), spread, len(values))


def scores_over(repeats: Sequence[Mapping[str, float]]) -> dict[str, Score]:
    """Return every metric's score over repeats; one that a repeat lacks is taken over the others."""
    metrics = dict.fromkeys(metric for values in repeats for metric in values)
    return {metric: Score.of([values[metric] for values in repeats if metric in values]) for metric in metrics}


def settings_apart(of_setting: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return the metrics of several settings under one roof, metric by metric: ``METRIC_SETTING/CLASS``.

    >>> settings_apart({"fc6-8": {"map": 1.0, "map/cat": 1.0}, "all": {"map": 2.0}})
    {'map_fc6_8': 1.0, 'map_all': 2.0, 'map_fc6_8/cat': 1.0}
    """
    found = {}
    for metric in dict.fromkeys(metric for values in of_setting.values() for metric in values):
        name, *of_class = metric.split("/", 1)
        for setting, values in of_setting.items():
            if metric in values:
                found["/".join([f"{name}_{setting.replace('-', '_')}", *of_class])] = values[metric]
    return found


@dataclass(frozen=True)
class Result:
    """What a protocol gives.

    Attributes:
        rows: scores by row, then by metric; a class's own value is ``metric/class``.
        figures: arrays from which the report draws, by name; written beside the scores.
        notes: sentences that must stand beside the numbers, such as samples left out.
    """

    rows: Mapping[str, Mapping[str, Score]]
    figures: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Protocol(ABC):
    """One way of measuring; concrete protocols are final.

    Attributes:
        Config: frozen dataclass of the protocol's settings, the published ones as defaults.
        paper: where the protocol comes from.
        reads: keys of a sample that it needs.
        needs: the kind of method that it can measure.
        learns: whether it fits something on the training part, such as a classifier; if not, all of a new data set
            is test data.
    """

    Config: ClassVar[type[Any]]
    paper: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    needs: ClassVar[type[Method]]
    learns: ClassVar[bool] = True

    def __init__(self, config: Any | None = None) -> None:
        self.config = config or self.Config()

    @property
    def deals(self) -> bool:
        """Whether, of new data without a split of its own, the protocol chooses by itself what to learn from.

        It is then given all of it as test part.
        """
        return not self.learns

    @classmethod
    def repeated(cls, config: Any) -> Any:
        """Return the settings with which values have a spread, where it was left open how often to measure."""
        return config

    @abstractmethod
    def measure(self, method: Method, split: Split) -> Result:
        """Measure a trained method (in ``eval`` mode, on its device) and the trivial rows on the test part.

        Raises:
            DataError: the data cannot carry this protocol.
        """


DRAWS = 5
"""How often labels are drawn where nothing else is asked for."""


@dataclass(frozen=True, kw_only=True)
class LabelConfig:
    """Which labels are known, and what stands beside the model.

    Attributes:
        images_per_class: samples of each class that are known; 0 takes the whole training part.
        draws: how often they are drawn anew; where the whole training part is taken, each of several draws knows a
            random half of it. 0 is one draw of the whole, or 5 of a number; `lessup compare` takes 5 for both.
        seed: of the draws, the random weights and of training.
        references: also measure chance and untrained networks.
    """

    images_per_class: int = 0
    draws: int = 0
    seed: int = 0
    references: bool = True


class LabelProtocol(Protocol):
    """A protocol that learns classes from the training part, or from as many samples of each class as are asked for.

    Draws of samples come out of all data: what a draw leaves is measured.
    """

    Config: ClassVar[type[LabelConfig]] = LabelConfig
    reads: ClassVar[tuple[str, ...]] = ("label",)
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True

    def __init__(self, config: Any | None = None) -> None:
        super().__init__(config)
        known = self._known
        self.config = replace(known, draws=known.draws or (DRAWS if known.images_per_class else 1))

    @classmethod
    def repeated(cls, config: Any) -> Any:
        """Return the settings with several draws, of the whole training part too, where their number was left open."""
        assert isinstance(config, LabelConfig)
        return replace(config, draws=config.draws or DRAWS)

    @property
    def deals(self) -> bool:
        """Whether a number of samples of each class is drawn, and all others are measured."""
        return self._known.images_per_class > 0

    def drawn(self, split: Split) -> tuple[LabelledPool, list[Draw]]:
        """Return the labelled samples, and what is known and asked of them in each draw.

        Raises:
            DataError: too few samples have a label.
            UsageError: fewer than one draw is asked for, or a negative number of samples.
        """
        known, pool = self._known, LabelledPool.of(split)
        return pool, label_draws(pool, known.draws, num_per_class=known.images_per_class, seed=known.seed)

    @property
    def _known(self) -> LabelConfig:
        assert isinstance(self.config, LabelConfig)
        return self.config


def measured_by(protocol: type[Protocol]) -> tuple[str, ...]:
    """Return the public names of the methods that a protocol can measure; those that cannot be loaded are left out."""
    found = []
    for name in discovery.names("methods"):
        with suppress(LessupError):  # such as a method whose extra package is missing; whoever asks for it is told
            if issubclass(methods.load(name), protocol.needs):
                found.append(name)
    return tuple(found)


def load(name: str) -> type[Protocol]:
    """Return the protocol class behind a public name, such as ``shape-repair``.

    Raises:
        UsageError: no protocol has this name.
    """
    return discovery.concrete("evaluation", name, Protocol)  # type: ignore[type-abstract]
