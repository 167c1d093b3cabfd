"""`lessup compare RUN... --protocol P --data DATA`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import discovery, verbs
from lessup.cli.flags import MeasureFlags, parse, protocol_asked
from lessup.cli.tables import score_table


@dataclass(frozen=True, kw_only=True)
class CompareFlags:
    """What to compare.

    Attributes:
        runs: run folders.
        protocol: public name (`lessup list protocols`).
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN...")]
    protocol: str


def run(words: list[str]) -> int:
    """Measure several runs under one protocol and print one table."""
    protocol, config = protocol_asked(words)
    what = CompareFlags(runs=tyro.MISSING, protocol=protocol)
    groups = {"what": what, "on": MeasureFlags(), "protocol_config": config}
    about = discovery.summary("evaluation", protocol)
    given = parse(words, groups, prog="lessup compare", description=about)
    on = given.on
    table = verbs.compare(given.what.runs, protocol, on.data, config=given.protocol_config, device=on.device)
    rows = {row: {key: asdict(score) for key, score in metrics.items()} for row, metrics in table.items()}
    print(verbs.dumps({"protocol": protocol, "rows": rows}) if on.json else score_table(rows))
    return 0
