"""`lessup repair RUN SHAPE... --out DIR`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from lessup import verbs
from lessup.cli.tables import damage_lines
from lessup.samples import Reading
from lessup.shapes.repair import repair


def repair_shapes(
    run: Annotated[Path, tyro.conf.Positional],
    shapes: Annotated[tuple[Path, ...], tyro.conf.Positional],
    out: Path,
    side: int = 0,
    up: Literal["auto", "y", "z"] = "auto",
    format: str = "obj",
    device: str = "cpu",
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> int:
    """Denoise or complete shapes: a repaired grid and a mesh for each, whole folders in one call.

    Args:
        run: run folder of vconv-dae or voxel-unet.
        shapes: shape files, and folders of them.
        out: folder to write NAME.npy and NAME.obj to.
        side: resample grids of another size to this many cells a side.
        up: axis of mesh files that points up; auto is y for GLB and z for the others.
        format: of the meshes: obj, off, stl, ply or glb.
        device: where to compute, such as `cpu` or `cuda`.
        overwrite: write over files that exist.
    """
    method = verbs.shape_autoencoder(run, device=device)
    done = repair(method, shapes, out, reading=Reading(side=side, up=up), mesh_format=format, overwrite=overwrite)
    for one in done.repaired:
        print(f"{one.source}: {one.added} cells added, {one.removed} removed -> {one.mesh or one.grid}")
    print(*damage_lines(done.damage), f"{len(done.repaired)} repaired in {out}", sep="\n", file=sys.stderr)
    return 0


def run(words: list[str]) -> int:
    """Parse and repair."""
    return tyro.cli(repair_shapes, args=words, prog="lessup repair")
