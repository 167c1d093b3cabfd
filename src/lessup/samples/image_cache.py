"""Decode the images of a source once, into memory-mapped files that later runs open at once, see ``folder_cache``.

Labels, boxes and the like are no part of it: they may be corrected without decoding again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import npz
from lessup.formats.file_tree import FileTree
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.folder_cache import FolderCache
from lessup.samples.image_decoding import DEFAULT_SIZE, Drawing, ImageFile, content_keys, decode_all
from lessup.samples.image_writing import INDEX, KEYS, MASKS, PIXELS, ImageWriter
from lessup.samples.images import Ragged

_VERSION = "images-1"
"""Part of every key; another number wherever the same file would give other pixels."""

_ANEW = (".tif", ".tiff", ".ppm", ".pnm")
"""Endings of files that gave other pixels before: turned TIFF, deep PPM. Other data keep their keys, and their runs."""


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
    return FolderCache(
        source=tree.path,
        noun="images",
        settings=settings,
        count=len(files),
        suffix=".images",
        stamp=_stamp(tree, files, settings),
        keys=lambda: content_keys(tree, files),
        write=lambda folder: _write(folder, tree, files, reading),
        open=_open,
    ).found_or_made()


def _stamp(tree: FileTree, files: Sequence[ImageFile], settings: str) -> str:
    """Return what stands for the files without reading them: names, sizes, times, and what masks are drawn from."""
    masks = [file.mask.key if isinstance(file.mask, Drawing) else file.mask for file in files]
    names = [file.name for file in files]
    read = [*names, *(file.mask for file in files if isinstance(file.mask, str) and file.mask)]
    return fingerprint(settings, tree.stamp(read), "\0".join(names), "\0".join(masks))


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


def _open(folder: Path) -> Decodings:
    """Map what ``ImageWriter`` wrote.

    Raises:
        DataError: it is not there, or damaged.
    """
    index = {key: npz.read(folder / INDEX, key) for key in KEYS}
    extent, channels = index["extent"], int(index["channels"])
    pixels = mapped(folder / PIXELS, np.dtype(f"uint{index['bits']}"), extent, channels)
    masks = mapped(folder / MASKS, np.dtype(np.uint8), extent, 1) if index["masks"] else None
    return Decodings(
        key=folder.stem,
        usable=index["usable"],
        reason=index["reason"],
        original=index["original"],
        pixels=pixels,
        masks=masks,
    )


def mapped(path: Path, dtype: np.dtype[Any], extent: NDArray[np.int64], channels: int) -> Ragged:
    """Map a file that holds images one after the other.

    Args:
        path: the file.
        dtype: of its values.
        extent: (N, 2) int64, height and width of each image.
        channels: C.

    Raises:
        DataError: it is not there, or holds another number of values.
    """
    sizes = extent.prod(axis=1) * channels
    with npz.named_errors(path):
        flat = np.memmap(path, dtype, mode="r")
    if len(flat) != sizes.sum():
        raise DataError(f"{path}: {len(flat)} values; wanted {sizes.sum()}")
    return Ragged(flat=flat, start=np.cumsum(sizes) - sizes, extent=extent, channels=channels)
