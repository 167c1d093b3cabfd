"""`lessup repair RUN SHAPE... --out DIR`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs
from lessup.cli.flags import ShapeFlags, parse
from lessup.cli.tables import damage_lines
from lessup.shapes.repair import repair


@dataclass(frozen=True, kw_only=True)
class RepairFlags:
    """What to repair.

    Attributes:
        run: run folder of vconv-dae or voxel-unet.
        shapes: shape files, and folders of them.
        out: folder to write NAME.npy and NAME.obj to.
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    shapes: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="SHAPE...")]
    out: Path


def run(words: list[str]) -> int:
    """Denoise or complete shapes: a repaired grid and a mesh for each, whole folders in one call."""
    groups = {"what": RepairFlags(run=tyro.MISSING, shapes=tyro.MISSING, out=tyro.MISSING), "files": ShapeFlags()}
    about = "Denoise or complete shapes: a repaired grid and a mesh for each, whole folders in one call."
    given = parse(words, groups, prog="lessup repair", description=about)
    what, files = given.what, given.files
    done = repair(
        verbs.shape_autoencoder(what.run, device=files.device),
        what.shapes,
        what.out,
        reading=files.reading,
        mesh_format=files.format,
        overwrite=files.overwrite,
    )
    for one in done.repaired:
        print(f"{one.source}: {one.added} cells added, {one.removed} removed -> {one.mesh or one.grid}")
    print(*damage_lines(done.damage), f"{len(done.repaired)} repaired in {what.out}", sep="\n", file=sys.stderr)
    return 0
