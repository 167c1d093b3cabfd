"""MATLAB 5 files as 3DShapeNets stores its grids: one variable ``instance``, (V, V, V), the third axis upright.

Read here and not by ``scipy.io.loadmat``, because SciPy's reader ends the process (segmentation fault) on some damaged
files; a plain array of numbers needs little of the format.

Source: MathWorks, *MAT-File Format*, chapter 1, *Level 5 MAT-Files*; Wu et al., *3D ShapeNets: A Deep Representation
for Volumetric Shapes*, 2015, the ``volumetric_data`` folder of its code.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.grid_array import MAX_SIDE, check_shape, checked
from lessup.formats.npz import named_errors

_VARIABLE = "instance"
_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_KINDS = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse matrix", 16: "function", 17: "opaque object"}
_COMPLEX = 0x0800
_MAX_BYTES = 8 * MAX_SIDE**3 + 4096


def read(path: str | Path) -> NDArray[np.bool_]:
    """Read the (V, V, V) bool grid of a ``.mat`` file, axes x, y, z.

    Raises:
        DataError: the file is damaged, of version 7.3, or has no plain three-dimensional variable ``instance``.
    """
    path = Path(path)
    with named_errors(path):
        content = path.read_bytes()
        order = _byte_order(content, path)
        others = []
        for matrix in _matrices(content[_HEADER_BYTES:], order):
            flags, shape, name, rest = _describe(matrix, order)
            if name == _VARIABLE:
                return checked(_cells(rest, flags, shape, order, path), path)
            others.append(name)
    raise DataError(f"{path}: holds {', '.join(others) or 'nothing'}; wanted the variable {_VARIABLE!r}")


def _byte_order(content: bytes, path: Path) -> str:
    version, mark = content[124:126], content[126:128]
    if mark not in (b"IM", b"MI"):
        raise ValueError("no MATLAB 5 header")
    order = "<" if mark == b"IM" else ">"
    if struct.unpack(f"{order}H", version)[0] >> 8 != 1:
        raise DataError(f"{path}: a MATLAB 7.3 file; wanted version 5: save it with `save -v7`")
    return order


def _element(content: bytes, start: int, order: str) -> tuple[int, bytes, int]:
    """Return the type and bytes of the data element at ``start``, and where they end."""
    if len(content) < start + 8:
        raise ValueError("ends inside a tag")
    kind, size = struct.unpack_from(f"{order}II", content, start)
    begin = start + 8
    if kind >> 16:  # small element: size and type share a word, the data is the next one
        kind, size, begin = kind & 0xFFFF, kind >> 16, start + 4
    if len(content) < begin + size:
        raise ValueError(f"ends inside {size} bytes of data")
    return kind, content[begin : begin + size], begin + size


def _matrices(content: bytes, order: str) -> Iterator[bytes]:
    """Yield the bytes of every variable, uncompressed."""
    start = 0
    while start < len(content):
        kind, data, start = _element(content, start, order)
        if kind == _COMPRESSED:
            kind, data, _ = _element(_inflate(data), 0, order)
        if kind != _MATRIX:
            raise ValueError(f"data element of type {kind} where a variable was expected")
        yield data


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    whole = stream.decompress(data, _MAX_BYTES)
    if not stream.eof:
        raise ValueError(f"compressed data is cut short or beyond {_MAX_BYTES} bytes")
    return whole


def _describe(matrix: bytes, order: str) -> tuple[int, tuple[int, ...], str, bytes]:
    """Return a variable's flags, shape and name, and the bytes after them."""
    _, flags, end = _element(matrix, 0, order)
    _, shape, end = _element(matrix, _aligned(end), order)
    _, name, end = _element(matrix, _aligned(end), order)
    lengths = np.frombuffer(shape, f"{order}i4")
    (word,) = struct.unpack_from(f"{order}I", flags.ljust(4, b"\0"))
    return word, tuple(lengths.tolist()), name.decode("ascii", "replace"), matrix[_aligned(end) :]


def _aligned(end: int) -> int:
    return -(-end // 8) * 8


def _cells(rest: bytes, flags: int, shape: tuple[int, ...], order: str, path: Path) -> NDArray[Any]:
    kind = "complex array" if flags & _COMPLEX else _KINDS.get(flags & 0xFF)
    if kind:
        raise DataError(f"{path}: {_VARIABLE!r} is a MATLAB {kind}; wanted plain numbers, 0 and 1")
    check_shape(shape, path)
    stored, data, _ = _element(rest, 0, order)
    if stored not in _NUMBERS:
        raise ValueError(f"numbers of type {stored}")
    return np.frombuffer(data, order + _NUMBERS[stored]).reshape(shape, order="F")
