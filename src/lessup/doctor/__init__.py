"""What is in a data set, what is broken, which methods and protocols fit, and what to run next."""

import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup import data as sources
from lessup.doctor.diagnosis import Count, Diagnosis, Footage, Occupancy, Pictures, Recordings, Wording
from lessup.doctor.doubles import duplicates, leaks, near_duplicates
from lessup.doctor.fits import method_fits, protocol_fits
from lessup.doctor.page import render
from lessup.errors import DataError
from lessup.methods import Method
from lessup.samples import Reading, Samples
from lessup.samples.clips import Clips
from lessup.samples.images import Images
from lessup.samples.sound_cache import SILENT
from lessup.samples.sounds import Sounds
from lessup.samples.splits import Folds, Split, split
from lessup.samples.texts import Texts
from lessup.samples.voxels import Voxels

__all__ = ["Diagnosis", "examine", "render"]

RECOMMENDED = ("voxel-unet", "ambient-sound", "context-prediction")
"""Methods that are recommended before the others, where they fit."""


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
    fitting, fits = method_fits(samples)
    parts, problem = _parts(samples)
    advice, folds = _advice(samples, parts, problem)
    leaked = tuple(leaks(samples))
    doubled = tuple(duplicates(samples, {pair.name for pair in leaked}))
    doubles = {pair.name for pair in (*leaked, *doubled)}
    empty, silent = (_left_out(samples, reason) for reason in ("empty grid", "silent"))
    voxels = samples if isinstance(samples, Voxels) else None
    images = samples if isinstance(samples, Images) else None
    is_test = np.isin(samples.id, parts.test.id if parts else [])
    near, across = near_duplicates(images, is_test) if images else ([], [])
    advice += tuple(_on_doubles(len(doubled), len(across)))
    return Diagnosis(
        path=str(path),
        usable=True,
        found=found,
        kind=sources.source_of(path) or "",
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
        pictures=_pictures(images) if images else None,
        footage=_footage(samples) if isinstance(samples, Clips) else None,
        recordings=_recordings(samples) if isinstance(samples, Sounds) else None,
        wording=_wording(samples) if isinstance(samples, Texts) else None,
        damaged=tuple(d for d in samples.damage if d.skipped and d.name not in (*empty, *silent)),
        empty=empty,
        silent=silent,
        doubtful=tuple(d for d in samples.damage if not d.skipped and d.name not in doubles),
        duplicates=doubled,
        near=tuple(near),
        near_leaks=tuple(across),
        leaks=leaked,
        methods=fits,
        protocols=protocol_fits(samples, fitting),
        advice=advice,
        command=_command(path, fitting, folds),
    )


def _files_by_suffix(path: Path) -> dict[str, int]:
    if path.is_file():
        return {path.suffix.lower() or "no suffix": 1}
    counts = Counter(file.suffix.lower() or "no suffix" for file in path.rglob("*") if file.is_file())
    return dict(counts.most_common())


def _left_out(samples: Samples, reason: str) -> tuple[str, ...]:
    return tuple(damage.name for damage in samples.damage if damage.reason == reason)


def _counts(samples: Samples) -> Iterable[Count]:
    """Yield every class, then what has none; an image counts for each class that it is tagged with."""
    tags = samples.tags if isinstance(samples, Images | Clips) else None
    for label, name in enumerate(samples.classes):
        yield _count(name, samples, samples.label == label if tags is None else tags[:, label] == 1)
    unknown = samples.label < 0 if tags is None else (tags == -1).all(axis=1)
    if unknown.any():
        yield _count("unlabelled", samples, unknown)


def _count(name: str, samples: Samples, chosen: NDArray[np.bool_]) -> Count:
    return Count(name, int(chosen.sum()), len(np.unique(samples.group[chosen])))


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


def _pictures(images: Images) -> Pictures:
    extent = images.pixels.extent
    area = extent.prod(axis=1)
    low, high = int(area.argmin()), int(area.argmax())
    height, width = np.median(extent, axis=0)
    tags = images.tags
    return Pictures(
        channels=images.channels,
        bits=8 * images.pixels.flat.dtype.itemsize,
        smallest=(int(extent[low, 1]), int(extent[low, 0])),
        smallest_name=str(images.id[low]),
        median=(int(width), int(height)),
        largest=(int(extent[high, 1]), int(extent[high, 0])),
        tagged=0 if tags is None else int((tags == 1).any(axis=1).sum()),
        boxes=sum(len(each.label) for each in images.boxes or ()),
        masks=int(images.masked().sum()),
    )


def _recordings(sounds: Sounds) -> Recordings:
    seconds = sounds.seconds
    shortest = int(seconds.argmin())
    return Recordings(
        seconds=float(seconds.sum()),
        shortest=float(seconds[shortest]),
        shortest_name=str(sounds.id[shortest]),
        median=float(np.median(seconds)),
        longest=float(seconds.max()),
        rates=dict(Counter(sounds.rate.tolist()).most_common()),
        channels=dict(Counter(sounds.channels.tolist()).most_common()),
    )


def _wording(texts: Texts) -> Wording:
    known = texts.vocabulary
    return Wording(
        words=known.num_tokens,
        vocabulary=len(known.words),
        rare=known.num_rare,
        kept=int(known.counts.sum()),
        commonest=dict(zip(known.words[:5], known.counts[:5].tolist(), strict=True)),
    )


def _footage(clips: Clips) -> Footage:
    found = [clip.index for clip in clips.clips]
    seconds = np.array([each.seconds for each in found])
    shortest, longest = int(seconds.argmin()), int(seconds.argmax())
    heard = [each.sound for each in found if each.sound is not None]
    sizes = Counter(f"{width}x{height}" for height, width in (each.extent for each in found))
    return Footage(
        frames=sum(len(each.time) for each in found),
        seconds=float(seconds.sum()),
        shortest=float(seconds[shortest]),
        shortest_name=str(clips.id[shortest]),
        longest=float(seconds[longest]),
        longest_name=str(clips.id[longest]),
        sizes=dict(sizes.most_common()),
        codecs=dict(Counter(each.codec for each in found).most_common()),
        streams=sum(each.num_streams for each in found),
        variable=sum(each.is_variable for each in found),
        turned=sum(each.turned for each in found),
        without_sound=len(found) - len(heard),
        silent=tuple(
            str(name)
            for name, each in zip(clips.id, found, strict=True)
            if each.sound is not None and each.sound.peak < SILENT
        ),
        rates=dict(Counter(sound.rate for sound in heard).most_common()),
        channels=dict(Counter(sound.channels for sound in heard).most_common()),
        poses=sum(clip.pose is not None for clip in clips.clips),
    )


def _parts(samples: Samples) -> tuple[Split | None, str]:
    """Return the parts that ``lessup train`` makes of the data if nothing else is said, or why it cannot."""
    try:
        return split(samples, Folds()), ""
    except DataError as error:
        return None, str(error)


def _advice(samples: Samples, parts: Split | None, problem: str) -> tuple[tuple[str, ...], int]:
    """Return what to keep in mind, and the number of folds that the data can carry."""
    folds = Folds().folds
    if (samples.official == "test").any():
        return ("the data's own test part is held out for testing",), folds
    if parts is None:
        return (problem,), max(len(np.unique(samples.families())), 1)
    held = f"one {samples.noun.removesuffix('s')} in {folds} is held out for testing (--folds {folds})"
    return (held, *([parts.note] if parts.note else [])), folds


def _on_doubles(num_equal: int, num_across: int) -> Iterable[str]:
    """Yield what to keep in mind of samples that are there twice."""
    if num_equal:
        yield f"{num_equal} samples equal one of another object; splits keep them on one side"
    if num_across:
        yield f"{num_across} test images look like a training image and flatter scores: remove or join them in one part"


def _command(path: Path, fitting: dict[str, type[Method]], folds: int) -> str:
    if not fitting:
        return ""
    labels_free = [name for name in fitting if "label" not in fitting[name].reads]
    name = next((name for name in RECOMMENDED if name in fitting), (labels_free or list(fitting))[0])
    fewer = "" if folds == Folds().folds else f" --folds {folds}"
    return f"lessup train {name} --data {shlex.quote(str(path))} --out runs/{name}{fewer}"
