"""The bytes of a tar archive, whatever it is packed with, for readers that go to and fro in it side by side."""

import bz2
import gzip
import io
import lzma
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, cast

from lessup.formats.limits import check_unpacked

_COPY_BYTES = 1 << 20


def opened_plain(path: Path) -> IO[bytes]:
    """Open a tar for reading at any place; a compressed one is unpacked into a temporary file that has no name.

    Raises:
        DataError: it unpacks to more than is allowed.
    """
    if path.name.lower().endswith(".tar"):
        return path.open("rb")
    plain = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open as long as the tree
    size = path.stat().st_size
    try:
        with _decompressing(path) as packed:
            while chunk := packed.read(_COPY_BYTES):
                check_unpacked(plain.tell() + len(chunk), size, str(path))
                plain.write(chunk)
        plain.seek(0)
    except BaseException:
        plain.close()
        raise
    return plain


def _decompressing(path: Path) -> IO[bytes]:
    """Open a compressed tar by its first bytes, whatever it is called; one that is not compressed is read as it is."""
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path))
    if start.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(path))
    return cast(IO[bytes], lzma.open(path)) if start == b"\xfd7zXZ\0" else path.open("rb")


class Part(io.RawIOBase):
    """A file within another one, which others read as well."""

    def __init__(self, file: IO[bytes], lock: threading.Lock, start: int, size: int) -> None:
        """Lay it out.

        Args:
            file: what holds it.
            lock: held by whoever reads that.
            start: where it begins.
            size: its bytes.
        """
        self._file, self._lock, self._start, self._size, self._place = file, lock, start, size, 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(origin + offset, 0)
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the place on, and return how many bytes there were."""
        with self._lock:
            self._file.seek(self._start + self._place)
            content = self._file.read(max(min(len(buffer), self._size - self._place), 0))
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)
