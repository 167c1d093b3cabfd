"""`lessup neighbors RUN --data DATA --query FILE`."""

from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs


def neighbors(
    run: Annotated[Path, tyro.conf.Positional],
    data: str,
    query: Path,
    count: int = 5,
    layer: str | None = None,
    device: str = "cpu",
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> int:
    """Find the samples most like one file, by cosine of their features.

    Args:
        run: run folder.
        data: folder, file or embedded data set to search.
        query: one shape file.
        count: how many to show.
        layer: named layer of the method; its default if not given.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
    """
    found = verbs.neighbors(run, data, query, count=count, layer=layer, device=device)
    lines = [f"{cosine:.3f}  {name}" for name, cosine in found]
    print(verbs.dumps({"query": str(query), "neighbors": found}) if json else "\n".join(lines))
    return 0


def run(words: list[str]) -> int:
    """Parse and search."""
    return tyro.cli(neighbors, args=words, prog="lessup neighbors")
