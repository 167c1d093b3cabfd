"""Wavefront OBJ: the vertices and faces of every object in the file; the rest, from colours to curves, is left out."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.polygons import fan, read_whole

_BEHIND_SLASH = re.compile(rb"/\S*")
"""The texture and normal of a corner."""


def read_obj(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read a mesh; polygons become fans of triangles.

    Args:
        path: the file.

    Returns:
        (M, 3) float64 vertices and (F, 3) int64 faces with 0 <= index < M.

    Raises:
        DataError: a line is damaged, a face names a missing vertex, or there is not one vertex.
    """
    return parse_obj(path.read_bytes(), str(path))


def parse_obj(content: bytes, name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    r"""Read a mesh from the bytes of an OBJ file, as ``read_obj`` does; ``name`` stands in the errors.

    >>> parse_obj(b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3/1 -2/2 -1/3", "triangle")[1].tolist()
    [[0, 1, 2]]
    """
    lines = content.replace(b"\\\n", b" ").replace(b"\t", b" ").splitlines()
    lines = [line for line in map(bytes.strip, lines) if line.startswith((b"v ", b"f "))]
    is_face = np.array([line.startswith(b"f") for line in lines], bool)
    vertices = _vertices([line for line in lines if line.startswith(b"v")], name)
    corners, sizes = _corners([line for line in lines if line.startswith(b"f")], name)
    seen = np.repeat(np.cumsum(~is_face)[is_face], sizes)  # vertices before each corner
    faces = fan(np.where(corners < 0, corners + seen, corners - 1), sizes)
    if len(faces) and not 0 <= faces.min() <= faces.max() < len(vertices):
        raise DataError(f"{name}: a face names vertex {faces.max() + 1} of {len(vertices)}, or one before the first")
    return vertices, faces


def write_obj(path: Path, vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> None:
    """Write (M, 3) vertices and (F, 3) faces; reading gives the same float64 back."""
    rows = [f"v {x!r} {y!r} {z!r}" for x, y, z in np.asarray(vertices, np.float64).tolist()]
    rows += [f"f {a} {b} {c}" for a, b, c in (np.asarray(faces) + 1).tolist()]
    path.write_text("\n".join([*rows, ""]), encoding="ascii")


def _vertices(lines: list[bytes], name: str) -> NDArray[np.float64]:
    if not lines:
        raise DataError(f"{name} holds no vertices: wanted an OBJ file with lines that begin with v")
    words = [line.split()[1:4] for line in lines]
    try:
        return np.array(words, np.float64).reshape(len(lines), 3)
    except ValueError as error:
        raise DataError(f"{name}: a vertex is not three numbers ({error})") from error


def _corners(lines: list[bytes], name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all corners as the file numbers them, from 1 or back from the last vertex so far, and their counts."""
    text = _BEHIND_SLASH.sub(b"", b"\n".join(lines))
    sizes = np.array([line.count(b" ") for line in text.split(b"\n")] if lines else [], np.int64)
    try:
        corners = read_whole(text.replace(b"f", b""))
        if sizes.sum() != len(corners):  # more than one blank somewhere
            sizes = np.array([len(line.split()) - 1 for line in text.split(b"\n")], np.int64)
        if sizes.sum() != len(corners):
            raise ValueError(f"{len(corners)} numbers in {sizes.sum()} corners")
    except ValueError as error:
        raise DataError(f"{name}: a corner of a face is not a whole number ({error})") from error
    return corners, sizes
