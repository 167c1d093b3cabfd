"""OFF, the Object File Format: plain text, one vertex or face a line.

Reads what ModelNet holds, where the counts may be glued to the first word (``OFF490 518 0``), besides comments, colours
behind a vertex or face, and polygons.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.polygons import fan, read_whole

_FIRST_WORD = re.compile(rb"(?:ST)?C?N?OFF(?![A-Za-z])")
"""``COFF`` vertices carry colours, ``NOFF`` normals, ``STOFF`` texture: all behind the coordinates, all left out."""


def read_off(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read a mesh; polygons become fans of triangles.

    Args:
        path: the file.

    Returns:
        (M, 3) float64 vertices, NaN where the file says so, and (F, 3) int64 faces with 0 <= index < M.

    Raises:
        DataError: the file is not OFF, is cut short, has a word where a number belongs, or names a missing vertex.
    """
    lines = _lines(path.read_bytes())
    num_vertices, num_faces, lines = _header(lines, path)
    if len(lines) < num_vertices + num_faces:
        raise DataError(
            f"{path} is cut short: {len(lines)} lines after the header, "
            f"wanted {num_vertices} vertices and {num_faces} faces"
        )
    vertices = _vertices(lines[:num_vertices], path)
    faces = _faces(lines[num_vertices : num_vertices + num_faces], path)
    if len(faces) and not 0 <= faces.min() <= faces.max() < num_vertices:
        raise DataError(
            f"{path}: a face names vertex {faces.min() if faces.min() < 0 else faces.max()}; "
            f"wanted 0 to {num_vertices - 1}"
        )
    return vertices, faces


def write_off(path: Path, vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> None:
    """Write (M, 3) vertices and (F, 3) faces; reading gives the same float64 back."""
    rows = [f"{x!r} {y!r} {z!r}" for x, y, z in np.asarray(vertices, np.float64).tolist()]
    rows += [f"3 {a} {b} {c}" for a, b, c in faces.tolist()]
    path.write_text("\n".join(["OFF", f"{len(vertices)} {len(faces)} 0", *rows, ""]), encoding="ascii")


def _lines(content: bytes) -> list[bytes]:
    lines = content.splitlines()
    if b"#" in content:
        lines = [line.partition(b"#")[0] for line in lines]
    return [line for line in lines if line and not line.isspace()]


def _header(lines: list[bytes], path: Path) -> tuple[int, int, list[bytes]]:
    """Return the numbers of vertices and faces, and the lines behind the header."""
    word = _FIRST_WORD.match(lines[0].strip()) if lines else None
    if word is None:
        raise DataError(f"{path} is not an OFF file: wanted the word OFF first, as text")
    rest = lines[0].strip()[word.end() :].strip()
    counts, body = (rest, lines[1:]) if rest else (b"".join(lines[1:2]), lines[2:])
    numbers = counts.split()
    if len(numbers) < 2 or not all(number.isdigit() for number in numbers[:2]):
        raise DataError(f"{path}: found {counts[:40]!r} after OFF; wanted the numbers of vertices and faces")
    return int(numbers[0]), int(numbers[1]), body


def _vertices(lines: Sequence[bytes], path: Path) -> NDArray[np.float64]:
    words = b" ".join(lines).split()
    if len(words) != 3 * len(lines):
        words = [word for line in lines for word in line.split()[:3]]
    try:
        return np.array(words, np.float64).reshape(len(lines), 3)
    except ValueError as error:
        raise DataError(f"{path}: a vertex is not three numbers ({error})") from error


def _faces(lines: Sequence[bytes], path: Path) -> NDArray[np.int64]:
    try:
        sizes = np.array([int(line.split(None, 1)[0]) for line in lines], np.int64)
        numbers = b" ".join(lines)
        if (sizes == 3).all() and b"." not in numbers:  # a colour as fractions goes the slow way
            triangles = read_whole(numbers)
            if len(triangles) == 4 * len(lines):
                return triangles.reshape(-1, 4)[:, 1:]
        return fan(np.array([corner for line in lines for corner in _polygon(line)], np.int64), sizes)
    except ValueError as error:
        raise DataError(f"{path}: a face is not a number of corners and as many whole numbers ({error})") from error


def _polygon(line: bytes) -> list[int]:
    """Return the corners that a line promises, without the colour behind them."""
    words = line.split()
    count = int(words[0])
    corners = [int(word) for word in words[1 : count + 1]]
    if len(corners) != count:
        raise ValueError(f"{count} corners promised, {len(corners)} found")
    return corners
