"""`lessup doctor DATA`."""

from dataclasses import asdict
from typing import Annotated

import tyro

from lessup import doctor as examination
from lessup import verbs


def doctor(
    data: Annotated[str, tyro.conf.Positional], json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
) -> int:
    """Say what is in a data set, what is broken, which methods fit and what to run next.

    Args:
        data: folder, file or embedded data set.
        json: print one JSON object and nothing else.
    """
    diagnosis = examination.examine(data)
    print(verbs.dumps(asdict(diagnosis)) if json else examination.render(diagnosis))
    return 0 if diagnosis.usable else 2


def run(words: list[str]) -> int:
    """Parse and examine."""
    return tyro.cli(doctor, args=words, prog="lessup doctor")
