"""The files below a folder, or in a zip or tar archive, read by name in the same way.

Archives are never unpacked: the place of each file in them is noted once, and files are then read from there. Names
are posix, relative, and in order; hidden files and what archives from a Mac carry along are left out. Names that lead
out of an archive, links inside it and decompression bombs are refused; links in a folder are the user's own and are
followed. A folder of nothing but numbered tar archives, as ``lessup shard`` and WebDataset write them, is read as what
all of them hold.
"""

import gzip
import hashlib
import io
import lzma
import os
import re
import stat
import tarfile
import threading
import weakref
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, TypeVar, cast

from lessup.errors import DataError
from lessup.formats.limits import check_unpacked, most_unpacked
from lessup.formats.tar_bytes import Part, opened_plain
from lessup.formats.tar_places import members

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz")
"""Endings of the archives that can be read."""

T = TypeVar("T")

_SHARD = re.compile(r".*\d{4,}\.tar")
"""Name of one of many archives that belong together."""

_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile),
    *(EOFError, zlib.error, lzma.LZMAError, NotImplementedError),
)
"""What readers of archives raise on damaged bytes."""

_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways to pack of which as much is unpacked as is asked for; of others, what a step of packed bytes unpacks to."""

_SMALL_STEP = 4096

_DRIVE = re.compile(r"[A-Za-z]:")


class FileTree(ABC):
    """Files by name; safe to read from several threads at once.

    Attributes:
        path: the folder or archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Return the names of all files, in order."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the content of one file.

        Raises:
            DataError: there is no such file, or it cannot be read; the message gives the reason alone.
        """

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """Open one file to read parts of it, for what is too large to be held; close it after use.

        Raises:
            DataError: there is no such file, or it cannot be read; the message gives the reason alone.
        """

    @abstractmethod
    def stamp(self, names: Iterable[str]) -> str:
        """Return 32 hexadecimal digits that change when files do: from sizes and times, without reading them.

        Files that are not there count as such.
        """

    @abstractmethod
    def is_current(self) -> bool:
        """Tell whether the names are still those of the folder or archive."""

    def folder_with(self, name: str) -> str | None:
        """Return the folder that holds a file of this name, the one nearest to the top; None if none does.

        The top itself is an empty text, every other folder ends in a slash.
        """
        found = [each for each in self.names() if each == name or each.endswith(f"/{name}")]
        return min(found, key=lambda each: each.count("/")).removesuffix(name) if found else None


def is_tree(path: Path) -> bool:
    """Tell from its name alone whether this is a folder or an archive that ``open_tree`` reads."""
    return path.is_dir() or (path.name.lower().endswith(ARCHIVES) and path.is_file())


def is_sharded(path: Path) -> bool:
    """Tell whether a folder holds nothing but numbered tar archives, at least one; hidden files do not count."""
    names = [entry.name for entry in path.iterdir() if not _is_hidden(entry.name)]
    return bool(names) and all(map(_SHARD.fullmatch, names))


def open_tree(path: Path) -> FileTree:
    """Index a folder or archive; asked again for the same unchanged one, return what was indexed before.

    Args:
        path: a folder, or a file with one of the endings in ``ARCHIVES``.

    Raises:
        DataError: it is damaged, of another kind, or holds names or links that lead out of it.
    """
    with _named_errors(path):
        status = path.stat()
        tree = _indexed(path.resolve(), status.st_mtime_ns, status.st_size)
        if not tree.is_current():
            _indexed.cache_clear()
            tree = _indexed(path.resolve(), status.st_mtime_ns, status.st_size)
        return tree


@lru_cache(maxsize=4)
def _indexed(path: Path, modified_ns: int, size: int) -> FileTree:  # noqa: ARG001 - they are part of the key
    if path.is_dir():
        return _Shards(path) if is_sharded(path) else _Folder(path)
    return _Zip(path) if path.name.lower().endswith(".zip") else _Tar(path)


class _Folder(FileTree):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._folders: dict[Path, int] = {}
        self._files = dict(sorted(self._scan(path, "", frozenset())))

    def _scan(self, folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, str]]:
        """Yield the name and path of every file below; a link to a folder above it would never end and is passed."""
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        self._folders[folder] = status.st_mtime_ns
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + os.fsencode(entry.name).decode(errors="backslashreplace")
                if _is_hidden(entry.name):
                    continue
                if entry.is_dir():
                    yield from self._scan(Path(entry.path), f"{name}/", above | {here})
                elif entry.is_file():
                    yield name, entry.path

    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def read(self, name: str) -> bytes:
        try:
            return Path(_found(self._files, name)).read_bytes()
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}") from error

    def open(self, name: str) -> IO[bytes]:
        try:
            return Path(_found(self._files, name)).open("rb")
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}") from error

    def stamp(self, names: Iterable[str]) -> str:
        digest = hashlib.blake2b(str(self.path).encode(errors="surrogateescape"), digest_size=16)
        for name in names:
            try:
                status = os.stat(self._files[name])  # noqa: PTH116 - a third of the time of Path.stat
                digest.update(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}".encode())
            except (KeyError, OSError):
                digest.update(f"\0{name}\0cannot be read".encode())
        return digest.hexdigest()

    def is_current(self) -> bool:
        try:
            return all(folder.stat().st_mtime_ns == modified for folder, modified in self._folders.items())
        except OSError:
            return False


class _Archive(FileTree):
    """What zip and tar share: an archive changes as a whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        status = path.stat()
        self._version = f"{path}\0{status.st_size}\0{status.st_mtime_ns}"

    def stamp(self, names: Iterable[str]) -> str:
        content = "\0".join((self._version, *names))
        return hashlib.blake2b(content.encode(errors="surrogateescape"), digest_size=16).hexdigest()

    def is_current(self) -> bool:
        return True


class _Zip(_Archive):
    """A zip, read by one thread at a time: Python 3.12 before 3.12.9 and 3.13 before 3.13.2 mix members up otherwise.

    See https://github.com/python/cpython/issues/127847.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lock = threading.Lock()
        self._archive = zipfile.ZipFile(path)
        self._bytes = path.stat().st_size
        files = [info for info in self._archive.infolist() if not info.is_dir()]
        each = [info.file_size for info in files if info.file_size <= most_unpacked(info.compress_size)]
        check_unpacked(sum(each), self._bytes, str(path))  # what is too large alone is refused when it is read
        self._members = dict(sorted(_checked(path, ((info.filename, _is_link(info), info) for info in files))))

    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def read(self, name: str) -> bytes:
        info = _found(self._members, name)
        check_unpacked(info.file_size, min(info.compress_size, self._bytes))
        step = max(info.file_size, 1) if info.compress_type in _BOUNDED else _SMALL_STEP
        try:
            with self._lock, self._archive.open(info) as file:
                return b"".join(iter(lambda: file.read(step), b""))  # no more than is declared
        except (OSError, RuntimeError, *_DAMAGED) as error:
            raise DataError(f"cannot be read from the archive: {error}") from error

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(self.read(name))


class _Tar(_Archive):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lock = threading.Lock()
        self._file = opened_plain(path)
        weakref.finalize(self, self._file.close)
        named = _checked(path, ((member.name, member.is_link, member) for member in members(self._file)))
        self._places = dict(sorted((name, (member.start, member.size)) for name, member in named))

    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    def read(self, name: str) -> bytes:
        start, size = _found(self._places, name)
        with self._lock:
            self._file.seek(start)
            content = self._file.read(size)
        if len(content) < size:
            raise DataError("the archive ends within this file")
        return content

    def open(self, name: str) -> IO[bytes]:
        start, size = _found(self._places, name)
        return cast(IO[bytes], io.BufferedReader(Part(self._file, self._lock, start, size)))


class _Shards(FileTree):
    """What several tar archives in one folder hold together."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        shards = [_Tar(shard) for shard in sorted(path.iterdir()) if not _is_hidden(shard.name)]
        self._versions = {shard.path: shard.path.stat().st_mtime_ns for shard in shards}
        self._owner: dict[str, _Tar] = {}
        for shard in shards:
            for name in shard.names():
                if self._owner.setdefault(name, shard) is not shard:
                    first = self._owner[name].path.name
                    raise DataError(f"{path}: {first} and {shard.path.name} both hold {name}: keep one")

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._owner))

    def read(self, name: str) -> bytes:
        return _found(self._owner, name).read(name)

    def open(self, name: str) -> IO[bytes]:
        return _found(self._owner, name).open(name)

    def stamp(self, names: Iterable[str]) -> str:
        stamps = [self._owner[name].stamp([name]) if name in self._owner else name for name in names]
        return hashlib.blake2b("\0".join(stamps).encode(errors="surrogateescape"), digest_size=16).hexdigest()

    def is_current(self) -> bool:
        try:
            return all(shard.stat().st_mtime_ns == modified for shard, modified in self._versions.items())
        except OSError:
            return False


def _checked(path: Path, members: Iterable[tuple[str, bool, T]]) -> Iterator[tuple[str, T]]:
    """Yield the members of an archive under their clean names, but for hidden ones.

    Raises:
        DataError: a name leads out of the archive, or a member is a link.
    """
    for name, link, member in members:
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
        if name.startswith(("/", "\\")) or ".." in parts or _DRIVE.match(name):
            raise DataError(f"{path}: member {name!r} leads out of the archive: do not use it, or pack it anew")
        if any(_is_hidden(part) for part in parts):
            continue
        if link:
            raise DataError(f"{path}: member {name!r} is a link: unpack the archive, and give the folder")
        yield "/".join(parts), member


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _found(files: dict[str, T], name: str) -> T:
    if name not in files:
        raise DataError("no such file")
    return files[name]


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise DataError(f"{path}: damaged archive ({error}): copy or download it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
