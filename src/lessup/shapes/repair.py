"""Repair a user's scans with a trained network: files and folders in, grids and meshes out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError, LessupError, UsageError
from lessup.methods import ShapeAutoencoder
from lessup.samples import Damage, Reading
from lessup.samples.voxels import Voxels, pack
from lessup.shapes.files import Scan, mesh_suffix, read_scan, refuse_existing, shape_files, write_grid, write_surface
from lessup.shapes.mesh_out import LEVEL


@dataclass(frozen=True)
class Repaired:
    """One shape that was repaired.

    Attributes:
        source: the file that was read.
        grid: the grid that was written.
        mesh: the mesh that was written; None if the network found no occupied cell.
        added: cells occupied now and not before.
        removed: cells occupied before and not now.
    """

    source: Path
    grid: Path
    mesh: Path | None
    added: int
    removed: int


@dataclass(frozen=True)
class RepairSummary:
    """What became of all the inputs.

    Attributes:
        repaired: the shapes that were written, in the order of the inputs.
        damage: files that were left out, and those that were used although something is doubtful about them.
    """

    repaired: tuple[Repaired, ...]
    damage: tuple[Damage, ...]


@dataclass(frozen=True)
class _Job:
    source: Path
    grid: Path
    mesh: Path


def repair(
    method: ShapeAutoencoder,
    inputs: Sequence[Path],
    out: Path,
    *,
    reading: Reading | None = None,
    mesh_format: str = "obj",
    batch_size: int = 16,
    overwrite: bool = False,
) -> RepairSummary:
    """Repair files and whole folders, and write a grid ``NAME.npy`` and a mesh ``NAME.obj`` for each.

    A file that cannot be read is left out and named in the summary. Meshes come out in the coordinates of their input.

    Args:
        method: a trained network in ``eval`` mode, on its device.
        inputs: shape files and folders of them; the folders below a folder are kept in ``out``.
        out: folder to write to; made if absent.
        reading: how files are read; ``side`` resamples grids of another size.
        mesh_format: suffix of the meshes, such as ``obj`` or ``off``.
        batch_size: shapes repaired at once.
        overwrite: write over files that exist.

    Raises:
        DataError: nothing is at an input, or no file could be used.
        UsageError: nothing is given, two inputs would be written to the same file, or the mesh format is unknown.
        RunError: a file exists and ``overwrite`` is off, or cannot be written.
    """
    if not inputs:
        raise UsageError("nothing to repair: give shape files, or folders of them")
    jobs = _jobs(inputs, out, mesh_format)
    if not overwrite:
        refuse_existing(path for job in jobs for path in (job.grid, job.mesh))
    repaired: list[Repaired] = []
    damage: list[Damage] = []
    for start in range(0, len(jobs), batch_size):
        scans = list(_readable(method, jobs[start : start + batch_size], reading or Reading(), damage))
        for side in sorted({len(scan.grid) for _, scan in scans}):
            batch = [(job, scan) for job, scan in scans if len(scan.grid) == side]
            results = _forward(method, np.stack([scan.grid for _, scan in batch]))
            repaired += [_write(job, scan, result, damage) for (job, scan), result in zip(batch, results, strict=True)]
    if not repaired:
        raise DataError(f"no shape could be repaired: {_reasons(damage)}")
    order = {job.source: place for place, job in enumerate(jobs)}
    return RepairSummary(tuple(sorted(repaired, key=lambda one: order[one.source])), tuple(damage))


def check_side(method: ShapeAutoencoder, grid: NDArray[np.bool_]) -> None:
    """Check that a network can read a (V, V, V) grid.

    Raises:
        DataError: it reads grids of another size; the message says how to resample.
    """
    none = np.zeros(1, np.int64)
    name = np.array([""])
    sample = Voxels(
        pack(grid[None]), len(grid), name, none - 1, (), group=none, view=none, official=name, fingerprint="", row=none
    )
    method.check(sample)


def _jobs(inputs: Sequence[Path], out: Path, mesh_format: str) -> list[_Job]:
    suffix = mesh_suffix(mesh_format)
    files = list(shape_files(inputs))
    stems = [relative.with_suffix("") for _, relative in files]
    jobs = []
    for (source, relative), stem in zip(files, stems, strict=True):
        # chair.off and chair.npy become chair.off.npy and chair.npy.npy, not one file.
        name = str(relative) if stems.count(stem) > 1 else str(stem)
        jobs.append(_Job(source, out / f"{name}.npy", out / f"{name}{suffix}"))
    doubled = [job for job in jobs if sum(job.grid == other.grid for other in jobs) > 1]
    if doubled:
        raise UsageError(
            f"{doubled[0].source} and {doubled[1].source} would both be {doubled[0].grid}: repair them apart"
        )
    return jobs


def _readable(
    method: ShapeAutoencoder, jobs: Sequence[_Job], reading: Reading, damage: list[Damage]
) -> Iterator[tuple[_Job, Scan]]:
    for job in jobs:
        try:
            scan = read_scan(job.source, reading)
            check_side(method, scan.grid)
        except LessupError as error:
            damage.append(Damage(str(job.source), str(error).removeprefix(str(job.source)).lstrip(": ")))
            continue
        damage.extend(Damage(str(job.source), problem, skipped=False) for problem in scan.problems)
        yield job, scan


def _forward(method: ShapeAutoencoder, grids: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (B, V, V, V) probabilities."""
    with torch.inference_mode():
        probabilities = method.repair(torch.from_numpy(grids).to(method.device))
    return probabilities.float().cpu().numpy()


def _write(job: _Job, scan: Scan, probabilities: NDArray[np.float32], damage: list[Damage]) -> Repaired:
    grid = probabilities > LEVEL
    write_grid(job.grid, grid)
    if grid.any():
        write_surface(job.mesh, probabilities, scan.placement)
    else:
        damage.append(Damage(str(job.source), "the repaired grid is empty, so it has no mesh", skipped=False))
    added, removed = int((grid & ~scan.grid).sum()), int((scan.grid & ~grid).sum())
    return Repaired(job.source, job.grid, job.mesh if grid.any() else None, added, removed)


def _reasons(damage: Sequence[Damage]) -> str:
    more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
    return f"{damage[0].name}: {damage[0].reason}{more}"
