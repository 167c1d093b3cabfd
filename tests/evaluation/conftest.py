import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lessup import data
from lessup.methods import Losses, ShapeAutoencoder
from lessup.optimization import Optimization
from lessup.samples import Reading
from lessup.samples.splits import Folds, split
from lessup.samples.voxels import Voxels, pack

# toy_images and toy_colours are imported by name
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "masks")]

REAL = Path(__file__).parents[3] / "shared/data/modelnet10/vconvdae30.npz"


class ToyAutoencoder(ShapeAutoencoder):
    """Gives back what it gets, blends cell by cell, and encodes how much of each slice is occupied."""

    @dataclass(frozen=True)
    class Config:
        width: int = 6

    paper = "none"
    reads = ("voxels",)
    layers = ("slices", "cells")

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or self.Config()
        self.weight = nn.Parameter(torch.randn(self.config.width, self.config.width) * 0.1)

    @classmethod
    def example(cls, batch_size: int) -> dict[str, Tensor]:
        return {"voxels": torch.ones(batch_size, 12, 12, 12, dtype=torch.bool)}

    def step(self, batch, draws) -> Losses:
        return Losses({"all": self.encode(batch).square().mean()})

    def encode(self, batch, layer=None) -> Tensor:
        voxels = batch["voxels"].float()
        if layer == "cells":
            return voxels.flatten(1)
        slices = torch.cat([voxels.mean(axes) for axes in ((2, 3), (1, 3), (1, 2))], 1)  # (B, 3 V)
        return slices + 0 * self.weight.sum()

    def optimizations(self, num_steps) -> dict[str, Optimization]:
        return {"all": Optimization(torch.optim.SGD(self.parameters(), 0.1))}

    def repair(self, voxels) -> Tensor:
        return voxels.float()

    def blend(self, first, second, weight) -> Tensor:
        return (1 - weight) * first.float() + weight * second.float()


def boxes(num_objects: int = 8, views: int = 2, side: int = 12) -> Voxels:
    """Three classes of boxes (tall, flat, cube), each object a little different, its views turned by 90 degrees."""
    shapes = {"tall": (2, 3, 6), "flat": (6, 5, 2), "cube": (4, 4, 4)}
    generator = np.random.default_rng(0)
    grids, names, labels, groups, numbers = [], [], [], [], []
    for label, size in enumerate(shapes.values()):
        for number in range(num_objects):
            grid = np.zeros((side,) * 3, bool)
            low = 3 + generator.integers(0, 2, 3)
            high = np.minimum(low + np.array(size) + generator.integers(0, 2, 3), side - 3)
            grid[tuple(slice(*ends) for ends in zip(low, high, strict=True))] = True
            grid[0, 0, number] = True  # no two objects are equal
            for view in range(views):
                grids.append(np.rot90(grid, view))
                names.append(f"{label}/{number}/{view}")
                labels.append(label)
                groups.append(label * num_objects + number)
                numbers.append(view)
    num = len(grids)
    return Voxels(
        bits=pack(np.stack(grids)),
        side=side,
        id=np.array(names),
        label=np.array(labels),
        classes=tuple(shapes),
        group=np.array(groups),
        view=np.array(numbers),
        official=np.full(num, "", "<U5"),
        fingerprint="boxes",
        row=np.arange(num),
    )


@pytest.fixture
def toy() -> ToyAutoencoder:
    return ToyAutoencoder().eval()


@pytest.fixture
def box_split():
    return split(boxes(), Folds())


@pytest.fixture(scope="session")
def real_file() -> Path:
    if not REAL.exists():
        pytest.skip("the real volumes ../shared/data/modelnet10/vconvdae30.npz are absent")
    return REAL


@pytest.fixture(scope="session")
def real_split(real_file):
    return split(data.load(real_file, Reading()), Folds())
