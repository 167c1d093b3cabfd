"""Maps of all images of a set in one file: computed once, memory-mapped, and gone on with where a run was stopped."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import RunError
from lessup.samples.images import Ragged

CHUNK = 32
"""Images whose maps are asked for at once."""

Make = Callable[[NDArray[np.int64]], Iterable[NDArray[np.uint8]]]
"""Computes the (H, W, C) maps of the images with these numbers, in their order; (H, W) where C is 1."""


def stored_maps(path: Path, extent: NDArray[np.int64], make: Make, *, channels: int = 1) -> Ragged:
    """Return the maps that a file holds; what it does not hold yet is computed and appended.

    Until the last map is there the file is called ``.NAME.part``. A map that was cut short when a run was killed is
    computed again; nothing else is. The name must stand for all that the maps depend on.

    Args:
        path: the file; its folder is made.
        extent: (N, 2) int64 height and width of the maps, N >= 1.
        make: computes maps of these extents.
        channels: C.

    Raises:
        RunError: the file cannot be written, or holds more than N maps.
    """
    size = extent.prod(axis=1) * channels
    end = np.cumsum(size)
    try:
        if not path.is_file():
            part = path.with_name(f".{path.name}.part")
            path.parent.mkdir(parents=True, exist_ok=True)
            _append(part, np.insert(extent, 2, channels, axis=1), end, make)
            part.replace(path)
        flat = np.memmap(path, np.uint8, mode="r")
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}; free some room and go on") from error
    if len(flat) != end[-1]:
        raise RunError(f"{path} holds {len(flat)} numbers where {end[-1]} are wanted: delete it")
    return Ragged(flat=flat, start=end - size, extent=extent, channels=channels)


def _append(part: Path, shape: NDArray[np.int64], end: NDArray[np.int64], make: Make) -> None:
    done = int((end <= (part.stat().st_size if part.is_file() else 0)).sum())
    with part.open("ab") as file:
        file.truncate(int(end[done - 1]) if done else 0)
        for start in range(done, len(shape), CHUNK):
            some = np.arange(start, min(start + CHUNK, len(shape)))
            for index, one in zip(some, make(some), strict=True):
                whole = one if one.ndim == 3 else one[..., None]
                assert whole.shape == tuple(shape[index]), f"a map of {one.shape} where {shape[index]} is wanted"
                assert one.dtype == np.uint8, one.dtype
                file.write(np.ascontiguousarray(one).data)
            file.flush()
