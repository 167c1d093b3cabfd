"""Flags from frozen configs: what the commands of a method, a protocol or single shapes share."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any, Literal

import tyro

from lessup import discovery, evaluation
from lessup.errors import UsageError
from lessup.samples import Reading


@dataclass(frozen=True, kw_only=True)
class MeasureFlags:
    """On what to measure.

    Attributes:
        data: folder, file or embedded data set; a run's own, held-out part alone, if not given.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
    """

    data: str | None = None
    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


@dataclass(frozen=True, kw_only=True)
class OutputFlags:
    """Where to compute, and how to tell and to write what is made.

    Attributes:
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
        overwrite: write over a file that is there, or into a folder that holds files.
    """

    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


@dataclass(frozen=True, kw_only=True)
class ShapeFlags:
    """How shape files are read and written.

    Attributes:
        side: resample grids of another size to this many cells a side.
        up: axis of the files that points up; auto is y for GLB and z for the others.
        format: of the meshes: obj, off, stl, ply or glb.
        device: where to compute, such as `cpu` or `cuda`.
        overwrite: write over files that exist.
    """

    side: int = 0
    up: Literal["auto", "y", "z"] = "auto"
    format: str = "obj"
    device: str = "cpu"
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    @property
    def reading(self) -> Reading:
        """What these flags say about reading."""
        return Reading(side=self.side, up=self.up)


def asked_first(words: Sequence[str], *names: str) -> dict[str, str | None]:
    """Read the few flags that decide which other flags exist, and leave the rest to ``parse``.

    >>> asked_first(["--steps", "5", "--recipe", "paper"], "recipe", "from")
    {'recipe': 'paper', 'from': None}
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}")
    return vars(parser.parse_known_args(words)[0])


def parse(words: Sequence[str], groups: dict[str, Any], *, prog: str, description: str) -> Any:
    """Parse words into copies of frozen configs, every field a typed flag without prefix.

    Args:
        words: command line after the command.
        groups: config instances by name; their values are the defaults, ``tyro.MISSING`` fields are required.
        prog: name of the command in help and errors.
        description: what the command does.

    Returns:
        An object with one attribute per group.

    Raises:
        SystemExit: with 0 after ``--help``, with 2 for a flag that is wrong.
    """
    together = make_dataclass("Flags", [(name, type(group)) for name, group in groups.items()], kw_only=True)
    return tyro.cli(
        together,
        args=list(words),
        default=together(**groups),
        prog=prog,
        description=description,
        config=(tyro.conf.OmitArgPrefixes,),
    )


def protocol_asked(words: Sequence[str]) -> tuple[str, Any]:
    """Return the protocol named by ``--protocol`` and its default config.

    Raises:
        UsageError: none is named, or no protocol has this name.
    """
    name = asked_first(words, "protocol")["protocol"]
    if name is None:
        raise UsageError(f"which protocol? --protocol with one of {', '.join(discovery.names('evaluation'))}")
    return name.replace("_", "-"), evaluation.load(name).Config()
