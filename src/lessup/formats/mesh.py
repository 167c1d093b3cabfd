"""Read and write triangle meshes: OFF and OBJ by our own readers, STL, PLY and GLB through trimesh."""

from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, MissingExtraError, UsageError
from lessup.formats.obj import read_obj, write_obj
from lessup.formats.off import read_off, write_off

SUFFIXES = (".off", ".obj", ".stl", ".ply", ".glb")
"""File names that ``read_mesh`` and ``write_mesh`` know, in lower case."""

Mesh = tuple[NDArray[np.float64], NDArray[np.int64]]


def read_mesh(path: str | Path, *, up: Literal["auto", "y", "z"] = "auto") -> Mesh:
    """Read the triangles of a file, all its parts as one mesh, with z up.

    Args:
        path: a file with one of ``SUFFIXES``.
        up: which axis of the file points up; ``y`` is turned to z. ``auto`` takes what the format says: y for GLB, and
            z for the others, which say nothing, so that they are left as stored.

    Returns:
        (M, 3) float64 vertices, not finite where the file is not, and (F, 3) int64 faces with 0 <= index < M.

    Raises:
        DataError: the file is damaged or holds no mesh; the message names it.
        UsageError: the suffix is not a mesh's.
        MissingExtraError: trimesh is needed and not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".off":
        vertices, faces = read_off(path)
    elif suffix == ".obj":
        vertices, faces = read_obj(path)
    elif suffix in SUFFIXES:
        vertices, faces = _read_with_trimesh(path)
    else:
        raise UsageError(f"{path}: wanted a mesh, {', '.join(SUFFIXES)}")
    y_up = up == "y" or (up == "auto" and suffix == ".glb")
    return (turn_up(vertices) if y_up else vertices), faces


def write_mesh(path: str | Path, vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> None:
    """Write a mesh with z up; a GLB is turned to y up, as its format wants.

    Args:
        path: a file with one of ``SUFFIXES``.
        vertices: (M, 3).
        faces: (F, 3) indices of vertices.

    Raises:
        UsageError: the suffix is not a mesh's.
        MissingExtraError: trimesh is needed and not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".off":
        write_off(path, vertices, faces)
    elif suffix == ".obj":
        write_obj(path, vertices, faces)
    elif suffix in SUFFIXES:
        placed = np.asarray(vertices)[:, [1, 2, 0]] if suffix == ".glb" else vertices
        mesh = _trimesh(path).Trimesh(placed, faces, process=False)
        path.write_bytes(mesh.export(file_type=suffix[1:]))
    else:
        raise UsageError(f"{path}: wanted the name of a mesh, {', '.join(SUFFIXES)}")


def turn_up(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn (M, 3) vertices with y up to z up; what looks along z then looks along x.

    >>> turn_up(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[3.0, 1.0, 2.0]]
    """
    return vertices[:, [2, 0, 1]]


def _trimesh(path: Path) -> ModuleType:
    try:
        import trimesh
    except ImportError as error:
        raise MissingExtraError(f"{path.suffix} files need trimesh: pip install 'lessup[mesh]' ({path})") from error
    module: ModuleType = trimesh
    return module


def _read_with_trimesh(path: Path) -> Mesh:
    trimesh = _trimesh(path)
    try:
        scene = trimesh.load(path, force="scene", process=False)
        parts = [(scene.geometry[name], matrix) for matrix, name in map(scene.graph.get, scene.graph.nodes_geometry)]
    except Exception as error:  # a damaged file makes trimesh raise nearly anything
        raise DataError(f"{path} cannot be read as {path.suffix}: {type(error).__name__} {error}") from error
    vertices, faces, count = [np.zeros((0, 3))], [np.zeros((0, 3), np.int64)], 0
    for part, matrix in parts:
        if isinstance(part, trimesh.Trimesh):
            vertices.append(np.asarray(part.vertices, np.float64) @ matrix[:3, :3].T + matrix[:3, 3])
            faces.append(np.asarray(part.faces, np.int64) + count)
            count += len(part.vertices)
    merged = np.vstack(faces)
    if not len(merged):
        raise DataError(f"{path} holds no triangles: only a surface can be used, not a cloud of points")
    if not 0 <= merged.min() <= merged.max() < count:
        raise DataError(f"{path}: a face names vertex {merged.max()}; wanted 0 to {count - 1}")
    return np.vstack(vertices), merged
