"""`lessup neighbors RUN --data DATA --query FILE`; of words `lessup neighbors RUN --query WORD`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from lessup import verbs
from lessup.probes.nearest import Metric


def neighbors(
    run: Annotated[Path, tyro.conf.Positional],
    query: tuple[str, ...],
    data: str | None = None,
    count: int = 5,
    layer: str | None = None,
    metric: Metric = "cosine",
    out: Path | None = None,
    device: str = "cpu",
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> int:
    """Find the samples most like a file or an item of the data, by their features.

    Args:
        run: run folder.
        query: image or shape files, or names of items of the data, which do not find themselves; or words.
        data: folder, file or embedded data set to search; if not given, the words that the run knows.
        count: how many to show for each.
        layer: named layer of the method; its default if not given.
        metric: cosine of the features, or their Euclidean distance.
        out: PNG to write, a row for each query: itself on the left, then what was found.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
        overwrite: write over a picture that exists.
    """
    done = verbs.neighbors(
        run, data, query, count=count, layer=layer, metric=metric, out=out, device=device, overwrite=overwrite
    )
    print(verbs.dumps(done) if json else "\n\n".join(_lines(one, titled=len(query) > 1) for one in done["queries"]))
    if out:
        print(f"wrote {out}", file=sys.stderr)
    return 0


def _lines(one: dict[str, Any], *, titled: bool) -> str:
    title = [one["query"]] if titled else []
    found = [f"{near.get('cosine', near.get('distance')):.3f}  {near['name']}" for near in one["neighbors"]]
    return "\n".join([*title, *found])


def run(words: list[str]) -> int:
    """Parse and search."""
    return tyro.cli(neighbors, args=words, prog="lessup neighbors")
