"""Random numbers that depend on the seed and the step alone, never on how many processes share the batch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Draws:
    """Random numbers for the rows of one global batch that this process holds.

    A plain ``torch.Generator`` gives each process its own numbers, so a run on two devices would differ from the same
    run on one. Here every process draws the numbers of the whole global batch and keeps its own rows: training on any
    number of processes sees the same corruption, and a resumed run sees what the killed one would have seen.

    Attributes:
        generator: source of the numbers, on the device where they are wanted.
        rank: number of this process, 0 <= rank < world_size.
        world_size: how many processes share the global batch in equal parts.
    """

    generator: torch.Generator
    rank: int = 0
    world_size: int = 1

    @classmethod
    def at(
        cls, seed: int, step: int = 0, *, device: torch.device | str = "cpu", rank: int = 0, world_size: int = 1
    ) -> "Draws":
        """Start the numbers of one step of a run.

        >>> Draws.at(seed=0, step=7).uniform(2).equal(Draws.at(seed=0, step=7).uniform(2))
        True
        """
        # One 64-bit seed a step: an odd multiplier keeps (seed, step) pairs apart, and torch scrambles the rest.
        mixed = (seed * 0x9E3779B97F4A7C15 + step) % 2**63
        return cls(torch.Generator(device=device).manual_seed(mixed), rank, world_size)

    @property
    def device(self) -> torch.device:
        """Where the numbers live."""
        return self.generator.device

    def uniform(self, num_rows: int, *shape: int) -> Tensor:
        """Draw (B, ...) numbers from [0, 1) for the ``num_rows`` rows of this process."""
        whole = torch.rand((num_rows * self.world_size, *shape), generator=self.generator, device=self.device)
        return self._own(whole, num_rows)

    def normal(self, num_rows: int, *shape: int) -> Tensor:
        """Draw (B, ...) numbers from the standard normal distribution."""
        whole = torch.randn((num_rows * self.world_size, *shape), generator=self.generator, device=self.device)
        return self._own(whole, num_rows)

    def integers(self, low: int, high: int, num_rows: int, *shape: int) -> Tensor:
        """Draw (B, ...) int64 numbers with low <= number < high."""
        size = (num_rows * self.world_size, *shape)
        return self._own(torch.randint(low, high, size, generator=self.generator, device=self.device), num_rows)

    def _own(self, whole: Tensor, num_rows: int) -> Tensor:
        return whole[self.rank * num_rows : (self.rank + 1) * num_rows]
