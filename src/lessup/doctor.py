"""What is in a data set, what is broken, which methods and protocols fit, and what to run next."""

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup import data as sources
from lessup import discovery, evaluation, methods
from lessup.errors import DataError, LessupError
from lessup.methods import Method
from lessup.samples import Damage, Reading, Samples
from lessup.samples.splits import Folds
from lessup.samples.voxels import Voxels, first_equal

RECOMMENDED = ("voxel-unet",)
"""Methods that are recommended before the others, where they fit."""

_SHOWN = 5


@dataclass(frozen=True)
class Count:
    """How much there is of a class.

    Attributes:
        name: the class, ``unlabelled`` for what has none.
        samples: number of samples.
        objects: number of objects, of which the samples are views.
    """

    name: str
    samples: int
    objects: int


@dataclass(frozen=True)
class Pair:
    """Two equal samples of different objects."""

    name: str
    equal_to: str


@dataclass(frozen=True)
class Fit:
    """Whether a method or protocol can work with the data.

    Attributes:
        name: its public name.
        problem: why it cannot; empty if it can.
    """

    name: str
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """Share of occupied cells of a grid, in percent.

    Attributes:
        lowest: of the emptiest grid.
        lowest_name: the emptiest grid.
        mean: over all grids.
        highest: of the fullest grid.
        highest_name: the fullest grid.
    """

    lowest: float
    lowest_name: str
    mean: float
    highest: float
    highest_name: str


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What ``examine`` found; ``dataclasses.asdict`` makes it a dict that can be written as JSON.

    Attributes:
        path: what was examined.
        usable: whether ``lessup train`` can read it.
        problem: why it cannot.
        found: number of files by suffix, most frequent first.
        kind: the source that reads it.
        keys: what a sample holds.
        samples: number of samples.
        objects: number of objects.
        views: largest number of samples of one object.
        side: cells per side of a grid; 0 for other data.
        fingerprint: hash of the content.
        classes: by class, in order.
        official: number of samples by part of the data's own split; empty if it has none.
        corrupted: number of the data's own corrupted copies, by corruption.
        occupancy: how full the grids are; None for other data.
        damaged: left out, with the reason.
        empty: left out because no cell is occupied.
        doubtful: used, with what is odd about them.
        duplicates: equal grids of different objects within one part.
        leaks: test samples that are equal to a training sample, or that show an object of the training part.
        methods: every method.
        protocols: every protocol.
        advice: what to keep in mind.
        command: what to run next; empty if nothing can be run.
    """

    path: str
    usable: bool
    problem: str = ""
    found: dict[str, int] = field(default_factory=dict)
    kind: str = ""
    keys: tuple[str, ...] = ()
    samples: int = 0
    objects: int = 0
    views: int = 0
    side: int = 0
    fingerprint: str = ""
    classes: tuple[Count, ...] = ()
    official: dict[str, int] = field(default_factory=dict)
    corrupted: dict[str, int] = field(default_factory=dict)
    occupancy: Occupancy | None = None
    damaged: tuple[Damage, ...] = ()
    empty: tuple[str, ...] = ()
    doubtful: tuple[Damage, ...] = ()
    duplicates: tuple[Pair, ...] = ()
    leaks: tuple[Pair, ...] = ()
    methods: tuple[Fit, ...] = ()
    protocols: tuple[Fit, ...] = ()
    advice: tuple[str, ...] = ()
    command: str = ""


def examine(path: str | Path, reading: Reading | None = None) -> Diagnosis:
    """Look through a data set; nothing is trained and nothing unusable is an error.

    Args:
        path: a file, a folder or the name of an embedded data set.
        reading: how to read it.
    """
    path = Path(path)
    found = _files_by_suffix(path)
    try:
        samples = sources.load(path, reading)
    except DataError as error:
        problem = str(error).removesuffix(f" (see `lessup doctor {path}`)")
        return Diagnosis(path=str(path), usable=False, problem=problem, found=found)
    fitting, fits = _method_fits(samples)
    advice, folds = _advice(samples)
    leaks = tuple(_leaks(samples))
    duplicates = tuple(_duplicates(samples, {pair.name for pair in leaks}))
    if duplicates:
        advice += (f"{len(duplicates)} samples equal one of another object, so a fold may test on what it trained on",)
    doubles = {pair.name for pair in (*leaks, *duplicates)}
    empty = tuple(damage.name for damage in samples.damage if damage.reason == "empty grid")
    voxels = samples if isinstance(samples, Voxels) else None
    return Diagnosis(
        path=str(path),
        usable=True,
        found=found,
        kind=next(name for name, source in sources.sources().items() if source.recognises(path)),
        keys=samples.keys,
        samples=len(samples),
        objects=len(np.unique(samples.group)),
        views=int(np.unique(samples.group, return_counts=True)[1].max()),
        side=voxels.side if voxels else 0,
        fingerprint=samples.fingerprint,
        classes=tuple(_counts(samples)),
        official={
            part: int((samples.official == part).sum()) for part in ("train", "test") if part in samples.official
        },
        corrupted={name: int(c.available.sum()) for name, c in voxels.corrupted.items()} if voxels else {},
        occupancy=_occupancy(voxels) if voxels else None,
        damaged=tuple(d for d in samples.damage if d.skipped and d.name not in empty),
        empty=empty,
        doubtful=tuple(d for d in samples.damage if not d.skipped and d.name not in doubles),
        duplicates=duplicates,
        leaks=leaks,
        methods=fits,
        protocols=_protocol_fits(samples, fitting),
        advice=advice,
        command=_command(path, fitting, folds),
    )


def _files_by_suffix(path: Path) -> dict[str, int]:
    if path.is_file():
        return {path.suffix.lower() or "no suffix": 1}
    counts = Counter(file.suffix.lower() or "no suffix" for file in path.rglob("*") if file.is_file())
    return dict(counts.most_common())


def _counts(samples: Samples) -> Iterable[Count]:
    for label, name in [*enumerate(samples.classes), (-1, "unlabelled")]:
        of_class = samples.label == label
        if of_class.any() or label >= 0:
            yield Count(name, int(of_class.sum()), len(np.unique(samples.group[of_class])))


def _occupancy(voxels: Voxels) -> Occupancy:
    percent = 100 * np.bitwise_count(voxels.bits).sum(axis=1, dtype=np.int64) / voxels.side**3
    low, high = int(percent.argmin()), int(percent.argmax())
    return Occupancy(
        lowest=float(percent[low]),
        lowest_name=str(voxels.id[low]),
        mean=float(percent.mean()),
        highest=float(percent[high]),
        highest_name=str(voxels.id[high]),
    )


def _leaks(samples: Samples) -> Iterable[Pair]:
    """Yield the test samples that the training part gives away."""
    train, test = (np.flatnonzero(samples.official == part) for part in ("train", "test"))
    known = {int(group): i for i, group in zip(train[::-1], samples.group[train[::-1]], strict=True)}
    equal = _first_equal_among(samples, np.concatenate([train, test]))
    for i in test:
        source = equal.get(int(i), known.get(int(samples.group[i])))
        if source is not None and samples.official[source] == "train":
            yield Pair(str(samples.id[i]), str(samples.id[source]))


def _duplicates(samples: Samples, leaked: set[str]) -> Iterable[Pair]:
    for i, source in _first_equal_among(samples, np.arange(len(samples))).items():
        if samples.group[i] != samples.group[source] and str(samples.id[i]) not in leaked:
            yield Pair(str(samples.id[i]), str(samples.id[source]))


def _first_equal_among(samples: Samples, order: NDArray[np.int64]) -> dict[int, int]:
    """Return the first equal sample in ``order`` of every sample that is not the first of its kind."""
    if not isinstance(samples, Voxels):
        return {}
    first = order[first_equal(samples.bits[order])]
    return {int(i): int(source) for i, source in zip(order, first, strict=True) if i != source}


def _method_fits(samples: Samples) -> tuple[dict[str, type[Method]], tuple[Fit, ...]]:
    """Return the methods that fit by name, and what is to be said of every method; none is instantiated."""
    fitting, fits = {}, []
    for name in discovery.names("methods"):
        try:
            method = methods.load(name)
            _check_reads(method.reads, samples)
            method.configured(method.Config(), samples)
        except LessupError as error:
            fits.append(Fit(name, str(error)))
        else:
            fitting[name] = method
            fits.append(Fit(name))
    return fitting, tuple(fits)


def _protocol_fits(samples: Samples, fitting: dict[str, type[Method]]) -> tuple[Fit, ...]:
    fits = []
    for name in discovery.names("evaluation"):
        try:
            protocol = evaluation.load(name)
            _check_reads(protocol.reads, samples)
            if not any(issubclass(method, protocol.needs) for method in fitting.values()):
                raise DataError(f"no method that fits is a {protocol.needs.__name__}")
        except LessupError as error:
            fits.append(Fit(name, str(error)))
        else:
            fits.append(Fit(name))
    return tuple(fits)


def _check_reads(reads: Sequence[str], samples: Samples) -> None:
    missing = [key for key in reads if key not in samples.keys]
    if missing:
        raise DataError(f"reads {', '.join(missing)}, which these samples do not have")
    unlabelled = int((samples.label < 0).sum())
    if "label" in reads and unlabelled:
        raise DataError(f"reads labels, and {unlabelled} of {len(samples)} samples have none")


def _advice(samples: Samples) -> tuple[tuple[str, ...], int]:
    """Return what to keep in mind, and the number of folds that the data can carry."""
    folds = Folds().folds
    if (samples.official == "test").any():
        return ("the data's own test part is held out for testing",), folds
    smallest = min((count for count in _counts(samples) if count.objects), key=lambda count: count.objects)
    if smallest.objects >= folds:
        return (f"one object in {folds} is held out for testing (--folds {folds})",), folds
    fewer = max(smallest.objects, 1)
    held = "nothing can be held out for testing" if fewer == 1 else f"only {fewer} folds can be made"
    return (
        f"class {smallest.name!r} has {smallest.objects} objects, so {held}: add objects for --folds {folds}",
    ), fewer


def _command(path: Path, fitting: dict[str, type[Method]], folds: int) -> str:
    if not fitting:
        return ""
    labels_free = [name for name in fitting if "label" not in fitting[name].reads]
    name = next((name for name in RECOMMENDED if name in fitting), (labels_free or list(fitting))[0])
    fewer = "" if folds == Folds().folds else f" --folds {folds}"
    return f"lessup train {name} --data {shlex.quote(str(path))} --out runs/{name}{fewer}"


def render(diagnosis: Diagnosis) -> str:
    """Lay out a diagnosis as plain text for a terminal.

    >>> print(render(Diagnosis(path="photos", usable=False, problem="no shapes", found={".png": 3})))
    photos cannot be used: no shapes
    files: 3 .png
    """
    files = ", ".join(f"{count} {suffix}" for suffix, count in list(diagnosis.found.items())[:8]) or "none"
    if not diagnosis.usable:
        return f"{diagnosis.path} cannot be used: {diagnosis.problem}\nfiles: {files}"
    lines = [*_summary(diagnosis, files), *_class_lines(diagnosis.classes)]
    lines += _listed("damaged, left out", [f"{d.name}: {d.reason}" for d in diagnosis.damaged])
    lines += _listed("empty, left out", diagnosis.empty)
    lines += _listed("doubtful, used", [f"{d.name}: {d.reason}" for d in diagnosis.doubtful])
    lines += _listed("equal to another object", [f"{p.name} = {p.equal_to}" for p in diagnosis.duplicates])
    lines += _listed("test sample known from training", [f"{p.name} = {p.equal_to}" for p in diagnosis.leaks])
    for title, fits in (("methods", diagnosis.methods), ("protocols", diagnosis.protocols)):
        lines.append(f"{title} that fit: {', '.join(fit.name for fit in fits if not fit.problem) or 'none'}")
        lines += [f"  not {fit.name}: {fit.problem}" for fit in fits if fit.problem]
    lines += [f"note: {advice}" for advice in diagnosis.advice]
    return "\n".join([*lines, *([f"next: {diagnosis.command}"] if diagnosis.command else [])])


def _summary(diagnosis: Diagnosis, files: str) -> list[str]:
    grids = f" of {diagnosis.side}^3 cells" if diagnosis.side else ""
    views = f"{diagnosis.objects} objects" + (f", up to {diagnosis.views} views each" if diagnosis.views > 1 else "")
    lines = [f"{diagnosis.path}: {diagnosis.kind}, {diagnosis.samples} samples{grids} ({views})"]
    if diagnosis.found:
        lines.append(f"files: {files}")
    if diagnosis.official:
        lines.append("own split: " + ", ".join(f"{count} {part}" for part, count in diagnosis.official.items()))
    if diagnosis.corrupted:
        lines.append("own corrupted copies: " + ", ".join(f"{n} {name}" for name, n in diagnosis.corrupted.items()))
    if (full := diagnosis.occupancy) is not None:
        lines.append(
            f"occupied cells: {full.mean:.3g} % on average, from {full.lowest:.3g} % ({full.lowest_name}) "
            f"to {full.highest:.3g} % ({full.highest_name})"
        )
    return lines


def _class_lines(classes: Sequence[Count]) -> list[str]:
    width = max((len(count.name) for count in classes), default=0)
    return [f"  {count.name:<{width}}  {count.samples:>6} samples  {count.objects:>6} objects" for count in classes]


def _listed(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = [f"  and {len(names) - _SHOWN} more (--json names all)"] if len(names) > _SHOWN else []
    return [f"{title}: {len(names)}", *(f"  {name}" for name in names[:_SHOWN]), *more]
