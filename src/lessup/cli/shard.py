"""`lessup shard DATA --out DIR`."""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs


def shard(
    data: Annotated[str, tyro.conf.Positional],
    out: Path,
    megabytes: float = 1000.0,
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> int:
    """Pack a collection of many files into a few tar archives, which every command reads in its place.

    Args:
        data: folder, zip or tar.
        out: folder to write shard-000000.tar and so on to; one that was begun is gone on with.
        megabytes: of an archive, about.
        json: print one JSON object and nothing else.
    """
    done = verbs.shard(data, out, megabytes=megabytes)
    if json:
        print(verbs.dumps(done))
    else:
        print(f"{done['files']} files in {done['shards']} archives, {done['written']} of them new -> {out}")
        print(f"next: lessup doctor {out}", file=sys.stderr)
    return 0


def run(words: list[str]) -> int:
    """Parse and pack."""
    return tyro.cli(shard, args=words, prog="lessup shard")
