"""A few labels, drawn or named in a table, in place of all that the training part has."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.samples import Samples
from lessup.samples.images import Images, joined
from lessup.samples.label_draws import take_until, targets
from lessup.samples.label_table import UNKNOWN, named_in
from lessup.samples.splits import Split


@dataclass(frozen=True, kw_only=True)
class GivenLabels:
    """Which labels are learnt from; all that the training part has where nothing is asked for.

    Attributes:
        labels: table of columns image and label, for a few images; all others count as unlabelled.
        shots: images of each class whose label is known, drawn from the training part; 0 is all.
        draw: number of the draw.
    """

    labels: str = ""
    shots: int = 0
    draw: int = 0

    @property
    def asked(self) -> bool:
        """Whether a few labels are asked for."""
        return bool(self.labels or self.shots)


def with_classes(samples: Samples, given: GivenLabels) -> Samples:
    """Return samples that have no classes with those of a table, and its labels; any others as they are.

    Args:
        samples: N samples.
        given: may name a table.

    Raises:
        DataError: the table cannot be used, see ``named_in``.
        UsageError: a number is below 0, both ways are asked for, or the samples are no images with one label at most.
    """
    if min(given.shots, given.draw) < 0 or (given.labels and given.shots):
        raise UsageError(
            f"--labels {given.labels or 'none'}, --shots {given.shots}, --draw {given.draw}: wanted a table, or a "
            "number of labels a class and a draw of 0 or more"
        )
    if not given.asked:
        return samples
    if not isinstance(samples, Images) or samples.tags is not None:
        raise UsageError("--labels and --shots choose among images of one label each: leave them out for other data")
    if not given.labels or samples.classes:
        return samples
    names = named_in(Path(given.labels), samples.id)
    classes = np.unique(names[names != UNKNOWN])
    label = np.where(names == UNKNOWN, -1, np.searchsorted(classes, names))
    return replace(samples, classes=tuple(classes.tolist()), label=label.astype(np.int64))


def with_given(parts: Split, given: GivenLabels) -> Split:
    """Mark in the training part what is learnt from; the validation part, whose labels may not be seen, joins it.

    Labels themselves stay, see ``hidden``. Images that a table names are learnt from wherever they lie: with all that
    equals them they leave the test part.

    Args:
        parts: of images with classes.
        given: which labels.

    Returns:
        The same parts if nothing is asked for; else ``known`` is set and ``label`` is the table's where it has one.

    Raises:
        DataError: fewer than two classes would be known, a class would have no label, or the table cannot be used.
    """
    if not given.asked:
        return parts
    every = joined([part for part in (parts.train, parts.validation, parts.test) if isinstance(part, Images)])
    order = np.argsort(every.id)  # that of the parts depends on labels which nobody may see
    every, test = every.take(order), order >= len(parts.train) + len(parts.validation)
    if given.labels:
        every, known = _of_table(every, Path(given.labels))
        test &= ~np.isin(every.families(), every.families()[known])
    else:
        known = _drawn(every, ~test, given)
    _check(every, known, given)
    train = every.take(np.flatnonzero(~test))
    return replace(
        parts,
        train=train,
        validation=every.take(np.arange(0)),
        test=every.take(np.flatnonzero(test)),
        known=known[~test],
    )


def hidden(parts: Split) -> Split:
    """Return the parts as a method may see them: of the training part, labels that are not known are -1.

    The test part stays as it is.
    """
    if parts.known is None or not isinstance(parts.train, Images):
        return parts
    return replace(parts, train=replace(parts.train, label=np.where(parts.known, parts.train.label, -1)))


def _of_table(images: Images, table: Path) -> tuple[Images, NDArray[np.bool_]]:
    """Return images with the labels of a table where it has one, and (N,) where it has."""
    names = named_in(table, images.id)
    known = names != UNKNOWN
    number = {name: place for place, name in enumerate(images.classes)}
    strange = sorted(set(names[known].tolist()) - set(number))
    if strange:
        near = difflib.get_close_matches(strange[0], number, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"they are {_some(images.classes)}"
        raise DataError(f"{table.name}: {strange[0]!r} is none of the {len(number)} classes of the data: {hint}")
    label = np.array([number.get(name, -1) for name in names.tolist()], np.int64)
    return replace(images, label=np.where(known, label, images.label)), known


def _drawn(images: Images, free: NDArray[np.bool_], given: GivenLabels) -> NDArray[np.bool_]:
    """Return (N,) which of the free images are drawn; a draw of fewer shots is part of that of more."""
    order = np.random.default_rng((given.draw, 0)).permutation(np.flatnonzero(free & (images.label >= 0)))
    wanted = np.full(len(images.classes), given.shots)
    known = np.zeros(len(images), bool)
    known[take_until(targets(images), images.families(), wanted, order)] = True
    return known & (images.label >= 0)


def _check(images: Images, known: NDArray[np.bool_], given: GivenLabels) -> None:
    """Raise where there is nothing to tell apart, or no label of a class."""
    where = given.labels or "the training part"
    counts = np.bincount(images.label[known], minlength=len(images.classes))
    if (counts > 0).sum() < 2:
        only = f", all of class {images.classes[int(counts.argmax())]!r}" if known.any() else ""
        raise DataError(f"{where} has {known.sum()} labels{only}: wanted labels of two classes or more")
    missing = [name for name, count in zip(images.classes, counts.tolist(), strict=True) if not count]
    if missing:
        raise DataError(
            f"{where} has no label of {len(missing)} of {len(images.classes)} classes: {_some(missing)}; wanted one or "
            "more of each"
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
