"""Write the files of a folder or archive into numbered tar archives, in WebDataset's way.

Files of one sample, those whose names are equal up to the first dot behind the last slash, lie beside one another in
one archive; folders stay part of the names. Source: the format's description at https://github.com/webdataset.
"""

import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from lessup.errors import RunError
from lessup.formats.file_tree import FileTree

_BLOCK = 512


@dataclass(frozen=True)
class Shard:
    """One archive.

    Attributes:
        name: of its file.
        files: names, in order.
    """

    name: str
    files: tuple[str, ...]


def sample_of(name: str) -> str:
    """Return what names the sample that a file belongs to.

    >>> sample_of("cat/0001.left.png")
    'cat/0001'
    """
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.split(".", 1)[0]


def planned(tree: FileTree, most_bytes: int) -> list[Shard]:
    """Deal the files to archives of about a size, whole samples at a time, in the order of their names.

    Args:
        tree: what is written.
        most_bytes: of an archive, but for one that holds a single sample that is larger.
    """
    parts: list[list[str]] = [[]]
    filled = 0
    for sample in _samples(tree.names()):
        size = sum(_size(tree, name) + 2 * _BLOCK for name in sample)
        if parts[-1] and filled + size > most_bytes:
            parts.append([])
            filled = 0
        parts[-1] += sample
        filled += size
    return [Shard(f"shard-{number:06d}.tar", tuple(files)) for number, files in enumerate(parts) if files]


def write_shard(tree: FileTree, shard: Shard, folder: Path) -> bool:
    """Write one archive whole or not at all; one of this name that holds these files stays as it is.

    Returns:
        Whether it was written.

    Raises:
        RunError: it cannot be written.
        DataError: a file cannot be read.
    """
    path, partial = folder / shard.name, folder / f".{shard.name}.part"
    if path.is_file() and _holds(path, tree, shard):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(partial, "w", format=tarfile.GNU_FORMAT) as archive:
            for name in shard.files:
                member = tarfile.TarInfo(name)
                member.size = _size(tree, name)
                with tree.open(name) as file:
                    archive.addfile(member, file)
        partial.replace(path)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return True


def _samples(names: Sequence[str]) -> Iterator[list[str]]:
    """Give the files of every sample."""
    for _, files in groupby(sorted(names, key=lambda name: (sample_of(name), name)), key=sample_of):
        yield list(files)


def _holds(path: Path, tree: FileTree, shard: Shard) -> bool:
    """Tell whether an archive has these files with these sizes."""
    try:
        with tarfile.open(path) as archive:
            found = [(member.name, member.size) for member in archive]
    except tarfile.TarError:
        return False
    return found == [(name, _size(tree, name)) for name in shard.files]


def _size(tree: FileTree, name: str) -> int:
    """Return the bytes of a file."""
    with tree.open(name) as file:
        return file.seek(0, os.SEEK_END)
