"""Time our voxelizer against trimesh's on the same meshes, and count the cells in which they differ.

    apt-get install sweethome3d-furniture
    python benchmarks/voxelizer.py

One in four models of the embedded furniture, as meshes, turned by 0 and 30 degrees. Both sides get one thread and take
turns on each mesh; a mesh counts with the median over the rounds. Ours is timed with fitting the mesh into the grid;
trimesh gets it fitted, and its ``Trimesh`` is made outside the clock.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import importlib.util
import statistics
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import trimesh

import record
from lessup.formats.mesh import Mesh
from lessup.transforms.voxel_kernels import SURFACE, mark_surface
from lessup.transforms.voxelize import fit, rotate_upright, solidify

CELLS, PADDING = 24, 3
SIDE = CELLS + 2 * PADDING
ANGLES = (0.0, 1 / 12)


def furniture_script() -> ModuleType:
    """Import scripts/build_furniture.py, which knows the archives."""
    spec = importlib.util.spec_from_file_location("build_furniture", record.ROOT / "scripts" / "build_furniture.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = script
    spec.loader.exec_module(script)
    return script


def meshes(archives: Path, every: int) -> Iterator[Mesh]:
    """Read one in ``every`` models that stand in a class, each at every angle."""
    script = furniture_script()
    number = 0
    for name in script.LICENCES:
        with zipfile.ZipFile(archives / f"{name}.sh3f") as archive:
            for model in script.read_catalogue(archive, name):
                if model.label is None:
                    continue
                number += 1
                if number % every == 0:
                    vertices, faces = used_part(*script.read_model(archive, model))
                    yield from ((rotate_upright(vertices, turns), faces) for turns in ANGLES)


def used_part(vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    """Leave out vertices of no face, which our ``voxelize`` leaves out before it fits the mesh."""
    used, renumbered = np.unique(faces, return_inverse=True)
    return vertices[used], renumbered.reshape(-1, 3)


def ours(mesh: Mesh) -> np.ndarray:
    """Return our solid."""
    vertices, faces = mesh
    return solidify(fit(vertices, cells=CELLS, padding=PADDING), faces, side=SIDE)


def theirs(mesh: trimesh.Trimesh) -> trimesh.voxel.VoxelGrid:
    """Return trimesh's solid of a mesh in cells."""
    return mesh.voxelized(pitch=1.0).fill()


def prepared(mesh: Mesh) -> trimesh.Trimesh:
    """Fit a mesh for trimesh, whose cells have whole numbers in the middle."""
    vertices, faces = mesh
    return trimesh.Trimesh(fit(vertices, cells=CELLS, padding=PADDING) - 0.5, faces, process=False)


def on_our_grid(solid: trimesh.voxel.VoxelGrid) -> np.ndarray:
    """Write trimesh's cells into a grid like ours."""
    grid = np.zeros((SIDE,) * 3, bool)
    grid[tuple(np.rint(solid.points).astype(int).T)] = True
    return grid


def surface(mesh: Mesh) -> np.ndarray:
    """Return the cells that a triangle overlaps."""
    state = np.zeros((SIDE + 2,) * 3, np.uint8)
    mark_surface(fit(mesh[0], cells=CELLS, padding=PADDING), mesh[1], state)
    return state[1:-1, 1:-1, 1:-1] == SURFACE


def compare(mesh: Mesh, rounds: int) -> dict[str, float]:
    """Time both on one mesh and compare what they give."""
    ours_s, trimesh_s = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        a = ours(mesh)
        ours_s.append(time.perf_counter() - start)
        fitted = prepared(mesh)  # anew, because trimesh keeps what it has computed
        start = time.perf_counter()
        solid = theirs(fitted)
        trimesh_s.append(time.perf_counter() - start)
    b, touched = on_our_grid(solid), surface(mesh)
    return {
        "ours_s": statistics.median(ours_s),
        "trimesh_s": statistics.median(trimesh_s),
        "iou": (a & b).sum() / (a | b).sum(),
        "differing": int((a ^ b).sum()),
        "differing_on_surface": int(((a ^ b) & touched).sum()),
        "only_ours": int((a & ~b).sum()),
        "only_trimesh": int((b & ~a).sum()),
        "occupied": int(a.sum()),
        "faces": len(mesh[1]),
    }


def summary(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Gather the meshes' figures into the benchmark's."""
    column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    ratio = column["trimesh_s"] / column["ours_s"]
    return {
        "meshes": len(rows),
        "median_faces": float(np.median(column["faces"])),
        "seconds_ours": round(column["ours_s"].sum(), 3),
        "seconds_trimesh": round(column["trimesh_s"].sum(), 3),
        "times_faster_in_total": round(column["trimesh_s"].sum() / column["ours_s"].sum(), 1),
        "times_faster_median": round(float(np.median(ratio)), 1),
        "times_faster_least": round(float(ratio.min()), 1),
        "meshes_under_10_times": int((ratio < 10).sum()),
        "iou_mean": round(float(column["iou"].mean()), 4),
        "iou_least": round(float(column["iou"].min()), 4),
        "share_of_cells_differing": round(column["differing"].sum() / column["occupied"].sum(), 5),
        "share_of_differing_on_surface": round(column["differing_on_surface"].sum() / column["differing"].sum(), 5),
        "cells_only_ours": int(column["only_ours"].sum()),
        "cells_only_trimesh": int(column["only_trimesh"].sum()),
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", type=Path, default=Path("/usr/share/sweethome3d/furniture"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=4, help="take one model in so many")
    asked = parser.parse_args()
    if not asked.archives.is_dir():
        parser.error(f"no {asked.archives}: apt-get install sweethome3d-furniture")
    rows = []
    for mesh in meshes(asked.archives, asked.every):
        if not rows:
            compare(mesh, 1)  # numba compiles
        rows.append(compare(mesh, asked.rounds))
    figures = summary(rows)
    print("\n".join(f"{name}: {value}" for name, value in figures.items()))
    packages = {package: version(package) for package in ("trimesh", "numba")}
    record.write(
        "voxelizer", {"packages": packages, "threads": 1, "rounds": asked.rounds, "every": asked.every, **figures}
    )


if __name__ == "__main__":
    main()
