"""`lessup blend RUN SHAPE_A SHAPE_B --steps 10 --out DIR`."""

from pathlib import Path
from typing import Annotated, Literal

import tyro

from lessup import verbs
from lessup.samples import Reading
from lessup.shapes.blend import blend


def blend_shapes(
    run: Annotated[Path, tyro.conf.Positional],
    first: Annotated[Path, tyro.conf.Positional],
    second: Annotated[Path, tyro.conf.Positional],
    out: Path,
    steps: int = 10,
    side: int = 0,
    up: Literal["auto", "y", "z"] = "auto",
    format: str = "obj",
    device: str = "cpu",
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> int:
    """Write a strip of shapes between two, as grids and meshes.

    Args:
        run: run folder of vconv-dae or voxel-unet.
        first: shape file.
        second: shape file.
        out: folder to write blend_01.npy, blend_01.obj ... to.
        steps: length of the strip, both shapes included.
        side: resample grids of another size to this many cells a side.
        up: axis of mesh files that points up; auto is y for GLB and z for the others.
        format: of the meshes: obj, off, stl, ply or glb.
        device: where to compute, such as `cpu` or `cuda`.
        overwrite: write over files that exist.
    """
    method = verbs.shape_autoencoder(run, device=device)
    reading = Reading(side=side, up=up)
    strip = blend(method, first, second, out, steps=steps, reading=reading, mesh_format=format, overwrite=overwrite)
    for step in strip:
        print(f"{step.weight:.2f}  {step.mesh or step.grid}")
    return 0


def run(words: list[str]) -> int:
    """Parse and blend."""
    return tyro.cli(blend_shapes, args=words, prog="lessup blend")
