"""Which samples make up each batch: a pure function of the seed and the step."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray

from lessup.samples import Batch, Samples
from lessup.training.learner import Learner


@dataclass(frozen=True)
class Order:
    """The order in which N samples are seen: one shuffled epoch after another, cut into batches that may straddle two.

    Attributes:
        num_samples: N >= 1.
        batch_size: samples of a global batch; may exceed N.
        seed: decides every epoch's order, >= 0.
    """

    num_samples: int
    batch_size: int
    seed: int

    def batch(self, step: int, part: int = 0, num_parts: int = 1) -> NDArray[np.int64]:
        """Return the indices of one of ``num_parts`` equal, contiguous parts of the global batch of a step.

        >>> sorted(Order(num_samples=4, batch_size=4, seed=0).batch(step=7).tolist())
        [0, 1, 2, 3]
        """
        size = self.batch_size // num_parts
        places = step * self.batch_size + part * size + np.arange(size)
        epochs = places // self.num_samples
        indices = np.empty(size, np.int64)
        for epoch in range(epochs[0], epochs[-1] + 1):
            here = epochs == epoch
            indices[here] = _epoch(self.num_samples, self.seed, epoch)[places[here] % self.num_samples]
        return indices


@lru_cache(maxsize=2)
def _epoch(num_samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(num_samples)


@dataclass(frozen=True)
class Parts:
    """The batches of one process from a step on, without end; each is read as one part of an accumulated update.

    Attributes:
        samples: what is trained on.
        order: which samples make up each global batch.
        first_step: update to start at.
        rank: number of this process.
        world_size: how many processes share the global batch.
        accumulate: parts of each update that a process sees one after the other.
    """

    samples: Samples
    order: Order
    first_step: int
    rank: int
    world_size: int
    accumulate: int

    def __iter__(self) -> Iterator[Batch]:
        step = self.first_step
        while True:
            for part in range(self.accumulate):
                number = self.rank * self.accumulate + part
                yield self.samples.read(self.order.batch(step, number, self.world_size * self.accumulate))
            step += 1


class TrainingData(LightningDataModule):
    """Gives Lightning the training batches, expanded on the device.

    It is kept apart from the network because weight averaging copies the network with all that it holds.
    """

    def __init__(self, samples: Samples, order: Order) -> None:
        super().__init__()
        self.samples = samples
        self.order = order

    def train_dataloader(self) -> Parts:
        """Return the batches from the restored step on."""
        assert self.trainer is not None
        learner = self.trainer.lightning_module
        assert isinstance(learner, Learner)
        return Parts(
            samples=self.samples,
            order=self.order,
            first_step=learner.updates,
            rank=self.trainer.global_rank,
            world_size=self.trainer.world_size,
            accumulate=learner.settings.accumulate,
        )

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:  # noqa: ARG002 - Lightning's signature
        """Expand a compact batch that has arrived on the device."""
        return self.samples.expand(batch)
