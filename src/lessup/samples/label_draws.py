"""Drawing the few labelled samples that a classifier may see, again and again, for a mean and its spread."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.samples import Samples
from lessup.samples.clips import Clips
from lessup.samples.images import Images, joined
from lessup.samples.splits import Split

HELD_OUT_SHARE = 3
"""One training sample in so many of each class is held out to choose settings on."""


def targets(samples: Samples) -> NDArray[np.int8]:
    """Return (N, K) which classes each sample has: 1 yes, 0 no, -1 not to be counted.

    Samples with one label at most have a single 1; one without a label has -1 everywhere.
    """
    if isinstance(samples, Images | Clips) and samples.tags is not None:
        return samples.tags
    known = samples.label[:, None] >= 0
    return np.where(known, samples.label[:, None] == np.arange(len(samples.classes)), -1).astype(np.int8)


def labelled(samples: Samples) -> NDArray[np.bool_]:
    """Return (N,) bool, True where something is known of a sample's class, by a label or by tags."""
    known: NDArray[np.bool_] = np.any(targets(samples) >= 0, axis=1)
    return known


@dataclass(frozen=True, eq=False)
class Draw:
    """The two sides of a measurement, as positions in a pool.

    Attributes:
        known: (N,) int64, what the classifier sees.
        asked: (M,) int64, what it is measured on.
    """

    known: NDArray[np.int64]
    asked: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LabelledPool:
    """All samples with a label, out of which draws are made.

    Attributes:
        parts: the samples, part after part; positions run through all of them.
        targets: (P, K) int8, see ``targets``.
        several: whether a sample may have several classes.
        classes: (K,) names.
        family: (P,) int64, samples that stay on one side.
        held_out: (P,) bool, samples that are always asked and never known; if none is, a draw asks what it left.
        unlabelled: how many samples were left out for want of a label.
    """

    parts: tuple[Samples, ...]
    targets: NDArray[np.int8]
    several: bool
    classes: tuple[str, ...]
    family: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    unlabelled: int

    @classmethod
    def of(cls, split: Split) -> Self:
        """Gather the labelled samples of a split; the test part is held out unless nothing else is there.

        Raises:
            DataError: no sample, or only one class, has a label.
        """
        every = [(split.train, False), (split.validation, False), (split.test, True)]
        apart = len(split.train) + len(split.validation) > 0
        kept = [(part.take(np.flatnonzero(labelled(part))), is_test) for part, is_test in every]
        parts = tuple(part for part, _ in kept if len(part))
        has = np.concatenate([targets(part) for part in parts]) if parts else np.empty((0, 0), np.int8)
        if (has == 1).any(0).sum() < 2:
            raise DataError(
                "a classifier needs labelled samples of two classes or more: put each class in a folder of its own, "
                "or give a table of files and labels"
            )
        return cls(
            parts=parts,
            targets=has,
            several=_several(parts[0]),
            classes=parts[0].classes,
            family=_families(parts),
            held_out=np.concatenate([np.full(len(part), is_test and apart) for part, is_test in kept]),
            unlabelled=sum(len(part) for part, _ in every) - len(has),
        )

    @property
    def label(self) -> NDArray[np.int64]:
        """(P,) int64, the class of samples that have one at most."""
        label: NDArray[np.int64] = self.targets.argmax(1).astype(np.int64)
        return label

    def draw(self, number: int, *, num_per_class: int, seed: int = 0) -> Draw:
        """Draw known samples; draws of one number and seed with fewer samples a class are parts of those with more.

        Args:
            number: of the draw.
            num_per_class: how many samples of each class are known, as far as there are so many; 0 takes all that are
                not held out. A sample with several classes counts for each, and is taken if any of them wants more.
            seed: decides all draws.

        Raises:
            DataError: all samples would be known, or a class has a single sample.
        """
        if num_per_class == 0:
            return self._asking(np.flatnonzero(~self.held_out))
        return self._asking(self._known(number, np.full(len(self.classes), num_per_class), seed))

    def half(self, number: int, *, seed: int = 0) -> Draw:
        """Draw half of the samples of each class that are not held out, of an odd number one more.

        For a score that is a mean over the known samples, the variance over such halves is that of the score with all
        of them: half of a finite set, drawn without putting back, has 1 / (n / 2) - 1 / n = 1 / n of their variance.

        Args:
            number: of the draw.
            seed: decides all draws.

        Raises:
            DataError: nothing is held out, and a class has a single sample.

        Source: McCarthy, *Pseudo-Replication: Half Samples*, 1969; Shao, Wu, *A General Theory for Jackknife Variance
        Estimation*, 1989, with half of the samples deleted.
        """
        count = (self.targets[~self.held_out] == 1).sum(0)
        return self._asking(self._known(number, (count + 1) // 2, seed))

    def take(self, positions: NDArray[np.int64]) -> Self:
        """Return a pool of some samples alone.

        Args:
            positions: (N,), rising.
        """
        ends = np.cumsum([len(part) for part in self.parts])
        starts = ends - [len(part) for part in self.parts]
        own = [
            part.take(positions[(positions >= start) & (positions < end)] - start)
            for part, start, end in zip(self.parts, starts, ends, strict=True)
        ]
        return replace(
            self,
            parts=tuple(part for part in own if len(part)),
            targets=self.targets[positions],
            family=self.family[positions],
            held_out=self.held_out[positions],
        )

    def join(self, positions: NDArray[np.int64]) -> Images:
        """Return the images at positions of the pool, whichever parts they lie in."""
        assert all(isinstance(part, Images) for part in self.parts)
        return joined([part for part in self.parts if isinstance(part, Images)]).take(positions)

    def _known(self, number: int, wanted: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        """Return the positions that a draw takes, up to (K,) samples of each class."""
        order = np.random.default_rng((seed, number)).permutation(np.flatnonzero(~self.held_out))
        if not self.held_out.any():
            wanted = np.minimum(wanted, self._all_but_one())
        return np.sort(take_until(self.targets, self.family, wanted, order))

    def _asking(self, known: NDArray[np.int64]) -> Draw:
        """Return a draw that asks the held-out samples, or those that it leaves."""
        asked = np.flatnonzero(self.held_out) if self.held_out.any() else _others(self.family, known)
        if not len(known) or not len(asked):
            raise DataError(
                f"{len(known)} samples to learn from and {len(asked)} to measure: wanted some of both; hold a part out "
                "or draw a number of each class"
            )
        return Draw(known, asked)

    def _all_but_one(self) -> NDArray[np.int64]:
        """Return (K,) how many families of each class there are, less one that is left to be asked."""
        counts = [len(np.unique(self.family[self.targets[:, k] == 1])) for k in range(len(self.classes))]
        lonely = [name for name, count in zip(self.classes, counts, strict=True) if count == 1]
        if lonely:
            raise DataError(
                f"class {lonely[0]!r} has one sample; a draw needs one to learn from and one to measure: add samples"
            )
        return np.array([max(count - 1, 0) for count in counts])


def label_draws(pool: LabelledPool, count: int, *, num_per_class: int, seed: int) -> list[Draw]:
    """Return several draws of a number of samples a class, or of halves, or the one that knows the whole training part.

    Args:
        pool: what is drawn from.
        count: of the draws.
        num_per_class: see ``LabelledPool.draw``; with 0, several draws are halves, see ``LabelledPool.half``.
        seed: decides all draws.

    Raises:
        UsageError: fewer than one draw is asked for, or a negative number of samples.
        DataError: see ``LabelledPool.draw``.
    """
    if count < 1 or num_per_class < 0:
        raise UsageError(
            f"{count} draws of {num_per_class} samples a class: wanted at least 1 draw, of 0 (all) or more"
        )
    if num_per_class or count == 1:
        return [pool.draw(number, num_per_class=num_per_class, seed=seed) for number in range(count)]
    return [pool.half(number, seed=seed) for number in range(count)]


def hold_out(pool: LabelledPool, known: NDArray[np.int64], *, seed: int = 0) -> Draw | None:
    """Part the known samples into those to fit and those to choose settings on.

    Args:
        pool: where they are from.
        known: (N,) positions.
        seed: of the parting.

    Returns:
        Positions in the pool; None where no class has enough samples to spare one, or fewer than two would be left.
    """
    wanted = (pool.targets[known] == 1).sum(0) // HELD_OUT_SHARE
    order = np.random.default_rng((seed, len(known))).permutation(known)
    asked = np.sort(take_until(pool.targets, pool.family, wanted, order))
    fitted = np.setdiff1d(known, asked)
    return Draw(fitted, asked) if len(asked) and len(fitted) > 1 else None


def take_until(
    targets: NDArray[np.int8], family: NDArray[np.int64], wanted: NDArray[np.int64], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Take samples in an order, with their families, until each class has as many as wanted.

    Args:
        targets: (P, K).
        family: (P,).
        wanted: (K,) samples of each class.
        order: (N,) positions among which to choose.

    Returns:
        Positions, in the order in which they were taken.
    """
    members: dict[int, list[int]] = {}
    for position in order.tolist():
        members.setdefault(int(family[position]), []).append(position)
    missing = wanted.copy()
    taken: list[int] = []
    for kin in members.values():
        has = (targets[kin] == 1).sum(0)
        if (missing[has > 0] > 0).any():
            missing -= has
            taken += kin
            if (missing <= 0).all():
                break
    return np.array(taken, np.int64)


def _several(part: Samples) -> bool:
    return isinstance(part, Images) and part.tags is not None


def _families(parts: tuple[Samples, ...]) -> NDArray[np.int64]:
    """Return (P,) the families of all parts; those of two parts have none in common."""
    numbers = [part.families() for part in parts]
    offsets = np.cumsum([0, *(int(own.max()) + 1 for own in numbers)])
    return np.concatenate([own + offset for own, offset in zip(numbers, offsets[:-1], strict=True)])


def _others(family: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of all families of which none is known."""
    return np.flatnonzero(~np.isin(family, family[known]))
