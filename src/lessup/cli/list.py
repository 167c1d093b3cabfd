"""`lessup list methods|protocols|recipes|data`."""

from typing import Literal

import tyro

from lessup import discovery

Kind = Literal["methods", "protocols", "recipes", "data"]


def run(words: list[str]) -> int:
    """List what there is."""
    kind = tyro.cli(Kind, args=words, prog="lessup list", description="methods, protocols, recipes or data")
    lines = _recipes() if kind == "recipes" else _summaries({"protocols": "evaluation"}.get(kind, kind))
    print("\n".join(lines))
    return 0


def _summaries(room: str) -> list[str]:
    names = discovery.names(room)
    width = max(map(len, names))
    return [f"{name:<{width}}  {discovery.summary(room, name)}" for name in names]


def _recipes() -> list[str]:
    from lessup import methods

    return [
        f"{name} --recipe {recipe}: {(function.__doc__ or '').splitlines()[0]}"
        for name in discovery.names("methods")
        for recipe, function in methods.recipes(name).items()
    ]
