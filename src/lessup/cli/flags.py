"""Flags from frozen configs: what the commands of a method or a protocol share."""

import argparse
from collections.abc import Sequence
from dataclasses import make_dataclass
from typing import Any

import tyro


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
