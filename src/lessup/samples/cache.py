"""Keep what was costly to make, keyed by the content that it was made from.

The file lies in ``.lessup-cache`` next to the source or, where that cannot be written, in the user's cache folder. It
is written under another name and then moved into place, so two processes that build at once both end with a whole file.
"""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from lessup.errors import DataError
from lessup.formats.npz import named_errors
from lessup.samples import storage
from lessup.samples.assembly import fingerprint
from lessup.samples.voxels import Voxels

FOLDER = ".lessup-cache"
"""Name of the cache folder next to a source."""


def cached(key: str, beside: Path, build: Callable[[], Voxels]) -> Voxels:
    """Return the samples kept under ``key``, or build and keep them.

    A damaged cache file is built anew; a cache that cannot be written costs time and nothing else.

    Args:
        key: hexadecimal digits that stand for the content and for how it is read, see ``fingerprint``.
        beside: the source; its cache lies next to it.
        build: makes the samples; they must not depend on anything that ``key`` leaves out.

    Raises:
        DataError: ``build`` raised it.
    """
    places = [folder / f"{key}.npz" for folder in rooms(beside)]
    for place in places:
        if place.is_file():
            try:
                return storage.load(place)
            except DataError:
                continue  # damaged or of an older layout: it is replaced below
    voxels = build()
    for place in places:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            storage.save(place, voxels)
        except OSError:
            continue
        break
    return voxels


def rooms(beside: Path) -> tuple[Path, ...]:
    """Return the folders where what was made from a source may lie, the preferred one first; they need not exist.

    A folder that is marked read-only is left alone, even by a user who may write everywhere.
    """
    folder = beside.resolve().parent
    marked = not folder.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    return (user_folder(),) if marked else (folder / FOLDER, user_folder())


def files_fingerprint(files: Iterable[Path], root: Path) -> str:
    """Hash the names below ``root`` and the whole content of files, whatever their order and wherever ``root`` is.

    Raises:
        DataError: a file cannot be read.
    """
    named = sorted((file.relative_to(root).as_posix(), file) for file in files)
    parts: list[str] = []
    for name, file in named:
        with named_errors(file):
            parts += [name, fingerprint(file.read_bytes())]
    return fingerprint(*parts)


def user_folder() -> Path:
    """Return the folder of the user for what belongs beside no source."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lessup"
