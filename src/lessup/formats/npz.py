"""NumPy archives, read with suspicion: names, shapes and types first, arrays only when asked for, pickles never."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError, SyntaxError, MemoryError)
"""What readers raise on damaged bytes; memory runs out where a header claims more than there can be."""


@dataclass(frozen=True)
class Header:
    """What an array's header says of it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turn every way in which a damaged file can fail into one line that names it.

    Raises:
        DataError: the file cannot be opened or is damaged.
    """
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (PermissionError, IsADirectoryError) as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except _DAMAGED as error:
        raise DataError(f"{path}: damaged or cut short ({_one_line(error)}): copy or write it again") from error


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def read_header(file: IO[bytes]) -> Header:
    """Read the header of an open ``.npy`` stream.

    Raises:
        ValueError: it is not one, or its version is unknown.
    """
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"npy version {version}")
    return Header(shape, dtype)


def refuse_pickle(header: Header, path: Path, key: str = "the file") -> None:
    """Refuse arrays of Python objects: loading them would run code from the file.

    Raises:
        DataError: the header says that the array holds objects.
    """
    if header.dtype.hasobject:
        raise DataError(
            f"{path}: {key} holds pickled Python objects, which could run code: refused; save plain numbers"
        )


def names(path: str | Path) -> tuple[str, ...]:
    """List the arrays of an archive from its directory alone.

    Raises:
        DataError: the archive is damaged, or holds something else than arrays with plain names.
    """
    path = Path(path)
    with named_errors(path), zipfile.ZipFile(path) as archive:
        members = archive.namelist()
    for member in members:
        if not member.endswith(".npy") or "/" in member or "\\" in member or ".." in member:
            raise DataError(f"{path}: holds {member!r}; wanted arrays with plain names such as 'bits.npy': refused")
    return tuple(member.removesuffix(".npy") for member in members)


def headers(path: str | Path) -> dict[str, Header]:
    """Read the shape and type of every array of an archive, and none of their content.

    Raises:
        DataError: the archive is damaged, or an array holds pickled objects or fewer bytes than it says.
    """
    path = Path(path)
    keys = names(path)
    found = {}
    with named_errors(path), zipfile.ZipFile(path) as archive:
        for key in keys:
            with archive.open(f"{key}.npy") as file:
                header = read_header(file)
                start = file.tell()
            refuse_pickle(header, path, key)
            wanted = start + int(np.prod(header.shape, dtype=np.float64)) * header.dtype.itemsize
            if archive.getinfo(f"{key}.npy").file_size != wanted:
                raise DataError(f"{path}: {key} is shorter or longer than its header says: copy or write it again")
            found[key] = header
    return found


def read(path: str | Path, key: str) -> NDArray[Any]:
    """Read one array of an archive.

    Raises:
        DataError: the archive is damaged, or the array is not there or holds pickled objects.
    """
    path = Path(path)
    if key not in names(path):
        raise DataError(f"{path}: has no array {key!r}")
    with named_errors(path), zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array
