"""Wavefront OBJ: the vertices and faces of every object in the file; the rest, from colours to curves, is left out."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.polygons import fan


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
    coordinates: list[bytes] = []
    polygons: list[list[int]] = []
    for line in content.replace(b"\\\n", b" ").splitlines():
        words = line.split()
        if not words or words[0] not in (b"v", b"f"):
            continue
        if words[0] == b"v":
            if len(words) < 4:
                raise DataError(f"{name}: a vertex has {len(words) - 1} numbers; wanted three")
            coordinates += words[1:4]
        else:
            polygons.append(_corners(words[1:], len(coordinates) // 3, name))
    try:
        vertices = np.array(coordinates, np.float64).reshape(-1, 3)
    except ValueError as error:
        raise DataError(f"{name}: a vertex has a word where a number belongs ({error})") from error
    if not len(vertices):
        raise DataError(f"{name} holds no vertices: wanted an OBJ file with lines that begin with v")
    faces = fan(polygons)
    if len(faces) and not 0 <= faces.min() <= faces.max() < len(vertices):
        raise DataError(f"{name}: a face names vertex {faces.max() + 1} of {len(vertices)}, or one before the first")
    return vertices, faces


def write_obj(path: Path, vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> None:
    """Write (M, 3) vertices and (F, 3) faces; reading gives the same float64 back."""
    rows = [f"v {x!r} {y!r} {z!r}" for x, y, z in np.asarray(vertices, np.float64).tolist()]
    rows += [f"f {a} {b} {c}" for a, b, c in (np.asarray(faces) + 1).tolist()]
    path.write_text("\n".join([*rows, ""]), encoding="ascii")


def _corners(words: list[bytes], num_vertices: int, name: str) -> list[int]:
    """Return corners counted from 0; the file counts from 1, or back from the last vertex so far."""
    try:
        numbers = [int(word.partition(b"/")[0]) for word in words]
    except ValueError as error:
        raise DataError(f"{name}: a corner of a face is not a whole number ({error})") from error
    return [number - 1 if number > 0 else number + num_vertices if number < 0 else -1 for number in numbers]
