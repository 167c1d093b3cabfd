"""Decode the images of a source once, into memory-mapped files that later runs open at once.

The decoded pixels lie in a folder ``KEY.images`` within ``.lessup-cache`` beside the source or, where that cannot be
written, within the user's cache folder. The key stands for the content of all files and for how they are read, so a
changed file is never missed and a moved folder is not decoded again; a small ``STAMP.stamp`` beside it remembers which
names, sizes and times of files had this key, so that unchanged files are not even read. A folder is made under another
name and then moved into place: two processes that build at once both end with a whole one.

Labels, boxes and the like are no part of it: they may be corrected without decoding again.
"""

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, RunError
from lessup.formats import npz
from lessup.formats.file_tree import FileTree
from lessup.runs.files import write_whole
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.cache import rooms
from lessup.samples.image_decoding import DEFAULT_SIZE, Drawing, ImageFile, content_keys, decode_all
from lessup.samples.image_writing import INDEX, KEYS, MASKS, PIXELS, ImageWriter
from lessup.samples.images import Ragged

_VERSION = "images-1"
"""Part of every key; another number wherever the same file would give other pixels."""

_ANEW = (".tif", ".tiff", ".ppm", ".pnm")
"""Endings of files that gave other pixels before: turned TIFF, deep PPM. Other data keep their keys, and their runs."""

_LEFT_BEHIND_S = 24 * 3600
"""An unfinished folder this old belongs to a process that was killed."""


@dataclass(frozen=True, eq=False)
class Decodings:
    """What became of N files.

    Attributes:
        key: stands for the content of the files and how they were read.
        usable: (N,) bool, False where a file could not be used.
        reason: (N,) why not, or what was changed; empty where there is nothing to say.
        original: (N, 2) int64, height and width as shown, before the image was reduced.
        pixels: N images of one type and number of channels; those not usable are of extent 0.
        masks: N masks of one channel, 255 where an image has none; or None if no image has one.
    """

    key: str
    usable: NDArray[np.bool_]
    reason: NDArray[np.str_]
    original: NDArray[np.int64]
    pixels: Ragged
    masks: Ragged | None


def decodings(tree: FileTree, files: Sequence[ImageFile], reading: Reading) -> Decodings:
    """Decode files in parallel, or open what an earlier call made of the same files.

    A broken file never stops the others.

    Args:
        tree: the folder or archive.
        files: N >= 1 images in it.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: none of the files can be used, or there is nowhere to write.
    """
    version = f"{_VERSION}-anew" if any(file.name.lower().endswith(_ANEW) for file in files) else _VERSION
    settings = fingerprint(version, str(reading.size or DEFAULT_SIZE), reading.colour, str(reading.max_megapixels))
    kind = f"{settings[:8]}-{len(files)}"
    stamp = _stamp(tree, files, settings)
    places = rooms(tree.path)
    for place in places:
        with contextlib.suppress(OSError, ValueError):  # not there, or damaged
            return _open(place / (place / f"{stamp}.stamp").read_text(encoding="ascii"))
    for place in (place for place in places if any(place.glob(f"{kind}-*.images"))):
        name = _name(kind, content_keys(tree, files))
        with contextlib.suppress(DataError):
            found = _open(place / name)
            _remember(place, stamp, name)
            return found
    return _build(tree, files, reading, places, kind, stamp)


def _stamp(tree: FileTree, files: Sequence[ImageFile], settings: str) -> str:
    """Return what stands for the files without reading them: names, sizes, times, and what masks are drawn from."""
    masks = [file.mask.key if isinstance(file.mask, Drawing) else file.mask for file in files]
    names = [file.name for file in files]
    read = [*names, *(file.mask for file in files if isinstance(file.mask, str) and file.mask)]
    return fingerprint(settings, tree.stamp(read), "\0".join(names), "\0".join(masks))


def _name(kind: str, keys: Iterable[str]) -> str:
    return f"{kind}-{fingerprint(*keys)}.images"


def _build(
    tree: FileTree, files: Sequence[ImageFile], reading: Reading, places: Sequence[Path], kind: str, stamp: str
) -> Decodings:
    problem = OSError()
    for place in places:
        unfinished = place / f".{uuid.uuid4().hex}.part"
        try:
            unfinished.mkdir(parents=True)
            _clear(place)
            keys = _write(unfinished, tree, files, reading)
            found = _move(unfinished, place / _name(kind, keys))
            _remember(place, stamp, found.name)
            return _open(found)
        except OSError as error:
            problem = error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    raise DataError(
        f"{tree.path}: nowhere to keep its decoded images ({problem.strerror or problem}): make room in {places[0]}"
    )


def _write(folder: Path, tree: FileTree, files: Sequence[ImageFile], reading: Reading) -> list[str]:
    """Decode everything into a folder, and return the content's keys."""
    keys = []
    with ImageWriter(folder, masks=any(file.mask for file in files)) as writer:
        for outcome in decode_all(tree, files, reading):
            writer.add(outcome)
            keys.append(outcome.key)
        index = writer.finish()
    if not index["usable"].any():
        raise DataError(
            f"none of the {len(files)} images in {tree.path} can be used, such as {files[0].name}: {index['reason'][0]}"
        )
    return keys


def _move(unfinished: Path, final: Path) -> Path:
    """Give a finished folder its name; where another process was faster, its folder stands."""
    try:
        unfinished.rename(final)
    except OSError:
        try:
            _open(final)
        except DataError:  # damaged
            final.rename(unfinished.with_suffix(".damaged.part"))
            shutil.rmtree(unfinished.with_suffix(".damaged.part"), ignore_errors=True)
            unfinished.rename(final)
    return final


def _remember(place: Path, stamp: str, name: str) -> None:
    """Note which folder belongs to a stamp; if that fails, the next run compares contents."""
    with contextlib.suppress(RunError):
        write_whole(place / f"{stamp}.stamp", name.encode())


def _clear(place: Path) -> None:
    """Remove what killed processes left behind."""
    for leftover in place.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(leftover, ignore_errors=True)


def _open(folder: Path) -> Decodings:
    """Map what ``ImageWriter`` wrote.

    Raises:
        DataError: it is not there, or damaged.
    """
    index = {key: npz.read(folder / INDEX, key) for key in KEYS}
    extent, channels = index["extent"], int(index["channels"])
    pixels = _mapped(folder / PIXELS, np.dtype(f"uint{index['bits']}"), extent, channels)
    masks = _mapped(folder / MASKS, np.dtype(np.uint8), extent, 1) if index["masks"] else None
    return Decodings(
        key=folder.stem,
        usable=index["usable"],
        reason=index["reason"],
        original=index["original"],
        pixels=pixels,
        masks=masks,
    )


def _mapped(path: Path, dtype: np.dtype[Any], extent: NDArray[np.int64], channels: int) -> Ragged:
    sizes = extent.prod(axis=1) * channels
    with npz.named_errors(path):
        flat = np.memmap(path, dtype, mode="r")
    if len(flat) != sizes.sum():
        raise DataError(f"{path}: {len(flat)} values; wanted {sizes.sum()}")
    return Ragged(flat=flat, start=np.cumsum(sizes) - sizes, extent=extent, channels=channels)
