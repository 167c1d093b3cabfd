"""Which samples make up each batch of a method that learns from episodes: a pure function of the seed and the step."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError


@dataclass(frozen=True, eq=False)
class Episodes:
    """Batches of ``per_class`` samples of each of some classes, one class after the other, drawn anew at every step.

    Attributes:
        members: samples of each class that has enough of them.
        batch_size: samples of a global batch, ``per_class`` times the number of classes.
        seed: decides every batch, >= 0.
        per_class: samples of a class.
        copies: how often an episode may hold a class, as several that the method then makes different.

    Source: Oriol Vinyals and others, *Matching Networks for One Shot Learning*, 2016, section 2.2.
    """

    members: tuple[NDArray[np.int64], ...]
    batch_size: int
    seed: int
    per_class: int
    copies: int

    @classmethod
    def of(
        cls, label: NDArray[np.int64], *, batch_size: int, seed: int, per_class: int, copies: int = 1, parts: int = 1
    ) -> Self:
        """Gather the classes that have enough samples.

        Args:
            label: (N,) int64 classes, -1 where not known.
            batch_size: samples of a global batch.
            seed: of all batches.
            per_class: samples of a class.
            copies: how often an episode may hold a class.
            parts: into how many equal episodes a batch is cut.

        Raises:
            UsageError: a part of a batch does not hold two whole classes.
            DataError: there are fewer classes of so many samples.
        """
        way, rest = divmod(batch_size // parts, per_class)
        if rest or way < 2:
            size = per_class * max(way, 2) * parts
            each = f" in each of {parts} parts" if parts > 1 else ""
            raise UsageError(
                f"a batch of {batch_size}{each} does not hold whole classes of {per_class} images (shot and queries): "
                f"pass --batch-size {size} for {max(way, 2)} classes"
            )
        order = np.argsort(label, kind="stable")[(label < 0).sum() :]
        sets = np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []
        members = tuple(each for each in sets if len(each) >= per_class)
        if len(members) * copies < way:
            times = f", each up to {copies} times (turned)," if copies > 1 else ""
            most = max(len(members) * copies, 2) * per_class
            raise DataError(
                f"an episode of {way} classes wants {per_class} images of each, shot and queries: {len(members)} of "
                f"{len(sets)} classes{times} have as many; pass --batch-size {most} or less,"
                "  fewer --shot or --queries, or add images"
            )
        return cls(members, batch_size, seed, per_class, copies)

    def batch(self, step: int, part: int = 0, num_parts: int = 1) -> NDArray[np.int64]:
        """Return the indices of one of ``num_parts`` episodes of a step, class after class.

        >>> label = np.array([0, 1, 0, 1, 1])
        >>> drawn = Episodes.of(label, batch_size=4, seed=0, per_class=2).batch(step=3)
        >>> bool(label[drawn[0]] == label[drawn[1]] != label[drawn[2]] == label[drawn[3]])
        True
        """
        random = np.random.default_rng((self.seed, step, part))
        way = self.batch_size // num_parts // self.per_class
        chosen = random.permutation(len(self.members) * self.copies)[:way] % len(self.members)
        return np.concatenate([random.permutation(self.members[number])[: self.per_class] for number in chosen])
