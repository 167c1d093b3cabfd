"""figures/PROTOCOL.npz: the arrays from which the report draws, hostile until checked."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lessup.errors import RunError
from lessup.runs.files import write_whole

LARGEST = 2**31
"""Bytes that the file may unpack to; more is taken for a damaged or hostile archive."""

_UNREADABLE = (ValueError, OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged or hostile archive may raise."""


def write(path: Path, figures: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name, none of them of objects.

    Raises:
        RunError: the file cannot be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{name: np.asarray(array) for name, array in figures.items()})
    write_whole(path, buffer.getvalue())


def read(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays by name; none if there is no file.

    Raises:
        RunError: the file is damaged, holds pickled objects or unpacks to more than ``LARGEST``.
    """
    if not path.is_file():
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST:
            raise ValueError(f"it unpacks to {size / 2**20:,.0f} MB")
        with np.load(path, allow_pickle=False) as arrays:
            figures = dict(arrays)
        if not all(isinstance(array, np.ndarray) for array in figures.values()):
            raise ValueError("a member is no array")
        return figures
    except _UNREADABLE as error:
        raise RunError(f"{path} is damaged: {error}; delete it and evaluate again") from error
