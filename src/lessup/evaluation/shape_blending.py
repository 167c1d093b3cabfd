"""What lies between two shapes: a strip from one to the other, and how evenly it changes.

Source: the shape blending of Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*,
2016: codes mixed linearly, decoded, looked at where the probability is 0.5.

Differs from the paper: numbers beside the pictures, and a row ``linear`` that mixes the two grids cell by cell. Its
probabilities change perfectly evenly, but the shape at 0.5 is the one shape until it is the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score
from lessup.methods import Method, ShapeAutoencoder
from lessup.samples.splits import Split
from lessup.samples.voxels import Voxels, pack

Blend = Callable[[Tensor, Tensor, float], Tensor]


class ShapeBlending(Protocol):
    """How evenly blended shapes change, as means over pairs of test shapes.

    Metrics: ``smoothness``, the largest step between neighbours of a strip over its mean step, 1 at best, a step being
    the Euclidean distance between the probabilities; ``smoothness_occupied``, the same where a step is the number of
    cells that cross 0.5; ``occupancy``, the fewest occupied cells at 0.5 along a strip, in percent of the end with
    fewer.

    Figures: ``weights`` (S,), ``first_id`` and ``second_id`` (P,), ``side``, and by row ``linear_`` and ``model_``:
    ``bits`` (P, S, ceil(V^3 / 8)), ``steps`` (P, S - 1) and ``occupied`` (P, S) cells.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            pairs: P, pairs of test shapes.
            steps: S, shapes of a strip, both ends included.
            seed: decides the pairs.
        """

        pairs: int = 10
        steps: int = 10
        seed: int = 0

    paper: ClassVar[str] = "Sharma, Grau, Fritz, VConv-DAE, 2016, https://arxiv.org/abs/1604.03755"
    reads: ClassVar[tuple[str, ...]] = ("voxels",)
    needs: ClassVar[type[Method]] = ShapeAutoencoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Blend pairs of test shapes with the model and cell by cell.

        Raises:
            UsageError: fewer than two steps.
            DataError: the test part has fewer than two objects.
        """
        assert isinstance(method, ShapeAutoencoder)
        assert isinstance(split.test, Voxels)
        if self.config.steps < 2:
            raise UsageError(f"--steps {self.config.steps}: a strip has at least 2, the two shapes themselves")
        test = split.test
        pairs = _pairs(test, self.config.pairs, self.config.seed)
        first, second = (test.batch(pairs[:, end])["voxels"].to(method.device) for end in (0, 1))
        weights = np.linspace(0, 1, self.config.steps)
        blends: dict[str, Blend] = {"linear": _mix_cells, "model": method.blend}
        rows, figures = {}, {"weights": weights, "side": np.array(test.side)}
        for row, blend in blends.items():
            strip = _strip(blend, first, second, weights)
            steps, changed, occupied = _measure(strip)
            rows[row] = _scores(steps, changed, occupied)
            bits = np.stack([pack(shapes.numpy() > 0.5) for shapes in strip.unbind(1)], axis=1)
            figures |= {f"{row}_bits": bits, f"{row}_steps": steps, f"{row}_occupied": occupied}
        figures |= {"first_id": test.id[pairs[:, 0]], "second_id": test.id[pairs[:, 1]]}
        return Result(rows, figures)


def _pairs(test: Voxels, num_pairs: int, seed: int) -> NDArray[np.int64]:
    """Choose (P, 2) positions, of two classes in turn where there are two, never of one object."""
    if len(np.unique(test.group)) < 2:
        raise DataError("blending needs two test objects or more: train with --folds 2 or more")
    generator = np.random.default_rng(seed)
    present = np.unique(test.label)
    pairs = []
    for number in range(num_pairs):
        own = present[number % len(present)]
        first = generator.choice(np.flatnonzero(test.label == own))
        other = test.label != own if len(present) > 1 else test.group != test.group[first]
        pairs.append((first, generator.choice(np.flatnonzero(other))))
    return np.array(pairs, np.int64)


def _mix_cells(first: Tensor, second: Tensor, weight: float) -> Tensor:
    return torch.lerp(first.float(), second.float(), weight)


def _strip(blend: Blend, first: Tensor, second: Tensor, weights: NDArray[np.float64]) -> Tensor:
    """Return (P, S, V, V, V) probabilities."""
    with torch.inference_mode():
        return torch.stack([blend(first, second, weight).float().cpu() for weight in weights.tolist()], 1)


def _measure(strip: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return (P, S - 1) distances between neighbours, (P, S - 1) cells that cross 0.5, (P, S) occupied cells."""
    cells = strip.flatten(2)
    steps = cells.double().diff(dim=1).norm(dim=2)
    occupied = cells > 0.5
    changed = (occupied[:, 1:] != occupied[:, :-1]).sum(2)
    return steps.numpy(), changed.double().numpy(), occupied.sum(2).numpy()


def _scores(steps: NDArray[np.float64], changed: NDArray[np.float64], occupied: NDArray[np.int64]) -> dict[str, Score]:
    fewer = np.minimum(occupied[:, 0], occupied[:, -1])
    return {
        "smoothness": Score(float(_unevenness(steps).mean())),
        "smoothness_occupied": Score(float(_unevenness(changed).mean())),
        "occupancy": Score(float((100 * occupied.min(1) / np.maximum(fewer, 1)).mean())),
    }


def _unevenness(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (P,) the largest step over the mean step; 1 for a strip that does not change."""
    still = steps.max(1) == 0
    uneven: NDArray[np.float64] = np.where(still, 1, steps.max(1) / np.where(still, 1, steps.mean(1)))
    return uneven
