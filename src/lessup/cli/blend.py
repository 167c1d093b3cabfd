"""`lessup blend RUN SHAPE_A SHAPE_B --steps 10 --out DIR`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs
from lessup.cli.flags import ShapeFlags, parse
from lessup.shapes.blend import blend


@dataclass(frozen=True, kw_only=True)
class BlendFlags:
    """What to blend.

    Attributes:
        run: run folder of vconv-dae or voxel-unet.
        first: shape file.
        second: shape file.
        out: folder to write blend_01.npy, blend_01.obj ... to.
        steps: length of the strip, both shapes included.
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    first: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SHAPE_A")]
    second: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SHAPE_B")]
    out: Path
    steps: int = 10


def run(words: list[str]) -> int:
    """Write a strip of shapes between two, as grids and meshes."""
    missing = BlendFlags(run=tyro.MISSING, first=tyro.MISSING, second=tyro.MISSING, out=tyro.MISSING)
    groups = {"what": missing, "files": ShapeFlags()}
    given = parse(words, groups, prog="lessup blend", description="Write a strip of shapes between two.")
    what, files = given.what, given.files
    strip = blend(
        verbs.shape_autoencoder(what.run, device=files.device),
        what.first,
        what.second,
        what.out,
        steps=what.steps,
        reading=files.reading,
        mesh_format=files.format,
        overwrite=files.overwrite,
    )
    for step in strip:
        print(f"{step.weight:.2f}  {step.mesh or step.grid}")
    return 0
