"""Where each file lies within a tar archive.

Archives of very many images are why this is more than one line: ``tarfile`` needs 60 microseconds a member, and a
plain header of POSIX or GNU tar a tenth of that. Anything else (long names, links, sparse files, damage) is left to
``tarfile``, which knows it all.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

_BLOCK = 512


@dataclass(frozen=True)
class Member:
    """One file of an archive.

    Attributes:
        name: as stored.
        start: where its content begins.
        size: bytes of its content.
        is_link: whether it stands for another file.
    """

    name: str
    start: int
    size: int
    is_link: bool = False


def members(file: IO[bytes]) -> list[Member]:
    """List the files and links of an uncompressed archive, read from its beginning; folders are left out.

    Raises:
        tarfile.TarError: it is damaged.
    """
    file.seek(0)
    plain = _plain_members(file)
    if plain is not None:
        return plain
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        return [
            Member(info.name, info.offset_data, info.size, not info.isreg())
            for info in archive
            if info.isreg() or info.islnk() or info.issym()
        ]


def _plain_members(file: IO[bytes]) -> list[Member] | None:
    """List the files of an archive with nothing but plain headers; None for any other."""
    found: list[Member] = []
    end = 0
    try:
        for header in _headers(file):
            size, magic, kind = _octal(header[124:136]), header[257:265], header[156:157]
            if magic not in (b"ustar\x0000", b"ustar  \x00") or kind not in b"0\x005" or not _is_whole(header):
                return None
            folder = _text(header[345:500]) if magic == b"ustar\x0000" else ""
            name = _text(header[:100])
            if kind != b"5":
                found.append(Member(f"{folder}/{name}" if folder else name, file.tell(), size))
            end = file.seek(-(-size // _BLOCK) * _BLOCK, 1)
    except ValueError:
        return None
    return found if found and end <= file.seek(0, 2) else None


def _headers(file: IO[bytes]) -> Iterator[bytes]:
    while any(header := file.read(_BLOCK)):
        if len(header) < _BLOCK:
            raise ValueError("cut short")
        yield header


def _is_whole(header: bytes) -> bool:
    return _octal(header[148:156]) == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _octal(field: bytes) -> int:
    return int(field.rstrip(b"\0 "), 8)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
