from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from lessup.errors import DataError
from lessup.methods import Losses, ShapeAutoencoder


class FillsTheMiddle(ShapeAutoencoder):
    """Reads grids of ten cells a side and occupies the middle eight cells; blends linearly."""

    Config = dict
    paper = ""
    reads = ("voxels",)
    layers = ("voxels",)
    largest_batch: ClassVar[int] = 0

    def __init__(self):
        super().__init__()
        self.config = {}
        self.weight = nn.Parameter(torch.zeros(1))

    @classmethod
    def configured(cls, config, samples):
        if samples.side != 10:
            raise DataError(f"reads grids of 10 cells a side; these have {samples.side}: resample them with --side 10")
        return config

    @classmethod
    def example(cls, batch_size):
        return {"voxels": torch.ones(batch_size, 10, 10, 10, dtype=torch.bool)}

    def step(self, batch, draws):
        return Losses({"none": self.weight.sum()})

    def encode(self, batch, layer=None):
        return batch["voxels"].float().flatten(1)

    def optimizations(self, num_steps):
        return {}

    def repair(self, voxels: Tensor) -> Tensor:
        FillsTheMiddle.largest_batch = max(FillsTheMiddle.largest_batch, len(voxels))
        middle = torch.zeros(10, 10, 10)
        middle[4:6, 4:6, 4:6] = 1
        # A grid with nothing but its first cell comes out empty.
        blank = (voxels.flatten(1).sum(1) == 1) & voxels[:, 0, 0, 0]
        return torch.where(blank[:, None, None, None], 0.0, (voxels.float() + middle).clamp(max=1) * 0.9)

    def blend(self, first: Tensor, second: Tensor, weight: float) -> Tensor:
        return torch.lerp(first.float(), second.float(), weight)


@pytest.fixture
def method():
    FillsTheMiddle.largest_batch = 0
    return FillsTheMiddle().eval()
