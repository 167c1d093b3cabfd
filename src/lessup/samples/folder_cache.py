"""Keep what was decoded of many files in a folder that later runs open at once.

The folder ``SETTINGS-COUNT-DIGITS.SUFFIX`` lies within ``.lessup-cache`` beside the source or, where that cannot be
written, within the user's cache folder. Its name stands for the content of all files and for how they are read, so a
changed file is never missed and a moved source is not decoded again; a small ``STAMP.stamp`` beside it remembers which
names, sizes and times of files had this name, so that unchanged files are not even read. A folder is made under another
name and then moved into place: two processes that build at once both end with a whole one.
"""

import contextlib
import hashlib
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from lessup.errors import DataError, RunError
from lessup.formats.file_tree import FileTree
from lessup.runs.files import write_whole
from lessup.samples.assembly import fingerprint
from lessup.samples.cache import rooms

T = TypeVar("T")

_LEFT_BEHIND_S = 24 * 3600
"""An unfinished folder this old belongs to a process that was killed."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FolderCache(Generic[T]):
    """What is kept of one source.

    Attributes:
        source: folder or archive.
        noun: what is decoded of it, for messages.
        settings: hexadecimal digits that stand for how it is decoded; the first of them begin the folder's name.
        count: of files, or of clips.
        suffix: ends the folder's name.
        stamp: stands for the files without reading them.
        keys: reads the files, and yields what stands for the content of each.
        write: decodes the files into an empty folder, and returns their keys.
        open: opens a folder that was written; raises ``DataError`` if it is not there or damaged.
    """

    source: Path
    noun: str
    settings: str
    count: int
    suffix: str
    stamp: str
    keys: Callable[[], Iterable[str]]
    write: Callable[[Path], Iterable[str]]
    open: Callable[[Path], T]

    def found_or_made(self) -> T:
        """Open what an earlier call made of the same files, or decode them.

        Raises:
            DataError: ``write`` raised it, or there is nowhere to write.
        """
        places = rooms(self.source)
        for place in places:
            with contextlib.suppress(OSError, ValueError):  # not there, or damaged
                return self.open(place / (place / f"{self.stamp}.stamp").read_text(encoding="ascii"))
        for place in (place for place in places if any(place.glob(f"{self._kind}-*{self.suffix}"))):
            name = self._name(self.keys())
            with contextlib.suppress(DataError):
                found = self.open(place / name)
                self._remember(place, name)
                return found
        return self._made(places)

    def _name(self, keys: Iterable[str]) -> str:
        return f"{self._kind}-{fingerprint(*keys)}{self.suffix}"

    @property
    def _kind(self) -> str:
        """What begins the name of every folder with these settings and this number of files."""
        return f"{self.settings[:8]}-{self.count}"

    def _made(self, places: Sequence[Path]) -> T:
        problem = OSError()
        for place in places:
            unfinished = place / f".{uuid.uuid4().hex}.part"
            try:
                unfinished.mkdir(parents=True)
                _clear(place)
                keys = self.write(unfinished)
                found = self._move(unfinished, place / self._name(keys))
                self._remember(place, found.name)
                return self.open(found)
            except OSError as error:
                problem = error
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        raise DataError(
            f"{self.source}: nowhere to keep its decoded {self.noun} ({problem.strerror or problem}): make room in "
            f"{places[0]}"
        )

    def _move(self, unfinished: Path, final: Path) -> Path:
        """Give a finished folder its name; where another process was faster, its folder stands."""
        try:
            unfinished.rename(final)
        except OSError:
            try:
                self.open(final)
            except DataError:  # damaged
                final.rename(unfinished.with_suffix(".damaged.part"))
                shutil.rmtree(unfinished.with_suffix(".damaged.part"), ignore_errors=True)
                unfinished.rename(final)
        return final

    def _remember(self, place: Path, name: str) -> None:
        """Note which folder belongs to the stamp; if that fails, the next run compares contents."""
        with contextlib.suppress(RunError):
            write_whole(place / f"{self.stamp}.stamp", name.encode())


def unread_stamp(tree: FileTree, names: Sequence[str], settings: str) -> str:
    """Return what stands for files without reading them, by names, sizes and times, and for how they are decoded."""
    return fingerprint(settings, tree.stamp(names), "\0".join(names))


def content_key(tree: FileTree, name: str) -> str:
    """Return what stands for the content of a file, which is not held at once."""
    try:
        digest = hashlib.blake2b(digest_size=16)
        with tree.open(name) as file:
            for chunk in iter(partial(file.read, _CHUNK_BYTES), b""):
                digest.update(chunk)
        return digest.hexdigest()
    except (OSError, DataError) as error:
        return str(error)


def _clear(place: Path) -> None:
    """Remove what killed processes left behind."""
    for leftover in place.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(leftover, ignore_errors=True)
