"""The smallest samples and methods that training can be tried on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from lessup.methods import Losses, Method
from lessup.optimization import Optimization
from lessup.runs import Run, Training
from lessup.samples import Batch, Samples
from lessup.samples.splits import Split
from lessup.training import build, fit
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


class Players(Toy):
    """Two players after one another's loss: one raises what the other lowers."""

    def step(self, batch: Batch, draws: Draws) -> Losses:
        whole = batch["points"]
        code = torch.tanh(self.down(whole + 0.5 * draws.normal(len(whole), 6)))
        error = (self.up(code) - whole).square().mean(dim=1)
        return Losses({"down": (error + code.square().mean()).mean(), "up": (error - code.mean(dim=1) * error).mean()})

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        down = torch.optim.SGD(self.down.parameters(), lr=0.05)
        up = torch.optim.SGD(self.up.parameters(), lr=0.1)
        return {
            "down": Optimization(down, torch.optim.lr_scheduler.CosineAnnealingLR(down, num_steps)),
            "up": Optimization(up),
        }


class Collapsing(Toy):
    """Every sample gets the same features."""

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        return torch.ones(len(batch["points"]), 5) + 0 * self.down(batch["points"])


class Exploding(Toy):
    """The loss is NaN from the eleventh step on."""

    def __init__(self, config: Width | None = None) -> None:
        super().__init__(config)
        self.steps = 0

    def step(self, batch: Batch, draws: Draws) -> Losses:
        self.steps += 1
        losses = super().step(batch, draws)
        return Losses({"all": losses.players["all"] * (1.0 if self.steps <= 10 else float("nan"))})


class Acting(Toy):
    """Does something in the middle of a step."""

    def __init__(self, config: Width | None = None, at: int = -1, act: Callable[[], object] = bool) -> None:
        super().__init__(config)
        self.steps, self.at, self.act = 0, at, act

    def step(self, batch: Batch, draws: Draws) -> Losses:
        if self.training:
            self.steps += 1
            if self.steps == self.at:
                self.act()
        return super().step(batch, draws)


TOYS = {"toy": Toy, "players": Players, "collapsing": Collapsing, "exploding": Exploding, "acting": Acting}


def start(path: str | Path, method: str = "toy") -> Run:
    run = Run.create(path)
    run.write_config({"lessup": "0", "method": method, "config": {}})
    return run


def train(run: Run, method: str | Method = "toy", *, resume: bool = False, count: int = 40, **settings) -> Method:
    if isinstance(method, str):
        method = build(method, Width(), seed=0)
    settings = {"steps": 30, "batch_size": 8, "log_every": 5, "checkpoint_every": 7, "device": "cpu", **settings}
    fit(method, split(count), Training(**settings), run, resume=resume)
    return method


def weights(method: Method) -> Tensor:
    return torch.cat([weight.flatten() for weight in method.state_dict().values()])


def with_plug(method: Method, step: int) -> Method:
    """Let a method fail in the middle of its next step numbered ``step`` of the whole run."""
    whole_step = method.step

    def failing(batch, draws):
        if method.training and draws.generator.initial_seed() == Draws.at(0, step).generator.initial_seed():
            raise RuntimeError("pulled the plug")
        return whole_step(batch, draws)

    method.step = failing
    return method
