"""`lessup advise --data DATA --out advice.html`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs
from lessup.cli.compare import show
from lessup.cli.flags import parse
from lessup.report import transfer_writers as writers
from lessup.samples import Reading
from lessup.verbs.advice import AdviceConfig


@dataclass(frozen=True, kw_only=True)
class AdviseFlags:
    """What to measure on.

    Attributes:
        data: folder, file or archive of images of several classes, or a features.npz.
        labels: table of columns image and label; what the data itself says of classes if not given.
        out: also write the table to this file: .md, .json or .html.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
    """

    data: str
    labels: Path | None = None
    out: Path | None = None
    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


def run(words: list[str]) -> int:
    """Measure what helps with few labels, and say it."""
    about = (
        "Does it help on my data? Random weights, pretrained features, semi-supervised, transductive, few-shot and "
        "zero-shot learning on one split with 1 label a class, or 2, 5, 10, 50, and a recommendation."
    )
    groups = {"what": AdviseFlags(data=tyro.MISSING), "how": AdviceConfig(), "reading": Reading()}
    given = parse(words, groups, prog="lessup advise", description=about)
    what = given.what
    if what.out:
        writers.check(what.out)
    table = verbs.advise(what.data, what.labels, config=given.how, reading=given.reading, device=what.device)
    if what.out:
        print(f"wrote {writers.write(table, what.out)}", file=sys.stderr)
    if what.json:
        print(writers.to_json(table), end="")
        return 0
    show(table)
    print("\n" + "\n".join(table.summary))
    return 0
