"""Which samples make up each batch: a pure function of the seed and the step."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray

from lessup.errors import UsageError
from lessup.samples import Batch, Samples
from lessup.training.episodes import Episodes
from lessup.training.learner import Learner


@dataclass(frozen=True, eq=False)
class Order:
    """The order in which N samples are seen: one shuffled epoch after another, cut into batches that may straddle two.

    Attributes:
        num_samples: N >= 1.
        batch_size: samples of a global batch; may exceed N.
        seed: decides every epoch's order, >= 0.
        label: (N,) int64 classes, -1 where not known; needed where ``together`` is not 1.
        together: samples of one class that follow one another, see ``in_runs``.
    """

    num_samples: int
    batch_size: int
    seed: int
    label: NDArray[np.int64] | None = None
    together: int = 1

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
            indices[here] = _epoch(self, epoch)[places[here] % self.num_samples]
        return indices


@dataclass(frozen=True, eq=False)
class LabelledFirst:
    """Batches whose first samples have a label, while the others are any: each kind is seen in an order of its own.

    Attributes:
        known: (L,) int64, where the samples with a label lie among all.
        of_known: their order; its batch is what one batch has of them.
        of_all: the order of all samples; its batch is the rest.
    """

    known: NDArray[np.int64]
    of_known: Order
    of_all: Order

    @classmethod
    def of(cls, label: NDArray[np.int64], *, batch_size: int, seed: int, ratio: int, parts: int = 1) -> "LabelledFirst":
        """Return batches with so many samples of any kind for each labelled one.

        Args:
            label: (N,) int64 classes, -1 where not known.
            batch_size: samples of a global batch.
            seed: decides both orders.
            ratio: >= 1.
            parts: into which every batch is cut.

        Raises:
            UsageError: a batch cannot be cut so.
        """
        unit = parts * (1 + ratio)
        if batch_size % unit:
            raise UsageError(
                f"a batch of {batch_size} cannot be cut into {parts} parts with {ratio} other samples for each "
                f"labelled one: pass --batch-size {-(-batch_size // unit) * unit}"
            )
        known, share = np.flatnonzero(label >= 0), batch_size // (1 + ratio)
        return cls(known, Order(len(known), share, seed), Order(len(label), batch_size - share, seed))

    def batch(self, step: int, part: int = 0, num_parts: int = 1) -> NDArray[np.int64]:
        """Return the indices of one of ``num_parts`` equal parts of a global batch; each begins with its labelled ones.

        >>> order = LabelledFirst.of(np.array([-1, 0, -1, 1]), batch_size=4, seed=0, ratio=1)
        >>> sorted(order.batch(step=3)[:2].tolist())
        [1, 3]
        """
        known = self.known[self.of_known.batch(step, part, num_parts)]
        return np.concatenate([known, self.of_all.batch(step, part, num_parts)])


@lru_cache(maxsize=4)
def _epoch(order: Order, epoch: int) -> NDArray[np.int64]:
    random = np.random.default_rng((order.seed, epoch))
    shuffled: NDArray[np.int64] = random.permutation(order.num_samples)
    if order.label is None or order.together == 1:
        return shuffled
    return shuffled[in_runs(order.label[shuffled], order.together, random)]


def in_runs(label: NDArray[np.int64], together: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Order samples so that those of one class follow one another, so many at a time; the runs are shuffled.

    Args:
        label: (N,) int64 classes, -1 where not known: such a sample is a run of its own.
        together: length of a run, >= 2. A class whose samples do not divide has a shorter run; one sample that would be
            alone goes with the run before it.
        random: decides the order of the runs.

    Returns:
        (N,) int64 positions, each once.

    >>> in_runs(np.array([0, 1, 0, 1, 0]), 2, np.random.default_rng(0)).tolist()
    [0, 2, 4, 1, 3]
    """
    of_class = np.unique(label, return_inverse=True)[1]
    sizes = np.bincount(of_class)
    place = np.empty(len(label), np.int64)  # within its class
    place[np.argsort(of_class, kind="stable")] = np.arange(len(label)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    lone = (place == sizes[of_class] - 1) & (place % together == 0) & (place > 0)
    number = np.where(label < 0, place, (place - lone) // together)
    run = np.unique(np.stack([of_class, number]), axis=1, return_inverse=True)[1].reshape(-1)
    turn = random.permutation(len(label))[run]
    return np.argsort(turn, kind="stable")


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
    order: Order | Episodes | LabelledFirst
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

    def __init__(self, samples: Samples, order: Order | Episodes | LabelledFirst) -> None:
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
