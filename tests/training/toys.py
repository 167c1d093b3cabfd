"""The smallest samples and methods that training can be tried on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from lessup.methods import Losses, Method, Optimization
from lessup.samples import Batch, Samples
from lessup.samples.splits import Split
from lessup.transforms.draws import Draws


class Points(Samples):
    """N points on a noisy parabola."""

    keys: ClassVar[tuple[str, ...]] = ("points", "label")

    def __init__(self, points: np.ndarray) -> None:
        count = len(points)
        self.points = points
        self.id = np.array([f"point_{number}" for number in range(count)])
        self.label = np.zeros(count, np.int64)
        self.classes = ("point",)
        self.group = np.arange(count)
        self.official = np.full(count, "")
        self.damage = ()
        self.fingerprint = "points"

    def read(self, indices) -> Batch:
        return {"compact": torch.from_numpy(self.points[np.asarray(indices)])}

    def expand(self, batch: Batch) -> Batch:
        return {"points": batch["compact"] * 2.0, "label": torch.zeros(len(batch["compact"]), dtype=torch.int64)}

    def take(self, indices) -> "Points":
        return Points(self.points[indices])


def points(count: int, seed: int = 0) -> Points:
    return Points(np.random.default_rng(seed).standard_normal((count, 6)).astype(np.float32))


def split(count: int = 40) -> Split:
    return Split(train=points(count, 0), validation=points(34, 1), test=points(4, 2))


@dataclass(frozen=True, kw_only=True)
class Width:
    width: int = 5
    learning_rate: float = 0.05


class Toy(Method):
    """Denoises points through a narrow layer."""

    Config = Width
    paper = "nobody, *Nothing*, 2026"
    reads = ("points",)
    layers = ("narrow",)

    def __init__(self, config: Width | None = None) -> None:
        super().__init__()
        self.config = config or Width()
        self.down = nn.Linear(6, self.config.width)
        self.up = nn.Linear(self.config.width, 6)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        return {"points": torch.randn(batch_size, 6)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        whole = batch["points"]
        noisy = whole + 0.5 * draws.normal(len(whole), 6)
        error = (self.up(torch.tanh(self.down(noisy))) - whole).square()
        return Losses({"all": error.mean()}, {"largest": error.max()})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        return torch.tanh(self.down(batch["points"]))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.config.learning_rate)
        return {"all": Optimization(optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps))}


def weights(method: Method) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in method.state_dict().items()}
