"""`lessup compare RUN... --protocol P --data DATA`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import discovery, verbs
from lessup.cli.evaluate import protocol_asked
from lessup.cli.flags import parse
from lessup.cli.tables import score_table


@dataclass(frozen=True, kw_only=True)
class CompareFlags:
    """What to compare.

    Attributes:
        runs: run folders.
        protocol: public name (`lessup list protocols`).
        data: folder, file or embedded data set; each run's own, held-out part alone, if not given.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    protocol: str
    data: str | None = None
    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


def run(words: list[str]) -> int:
    """Measure several runs under one protocol and print one table."""
    protocol, config = protocol_asked(words)
    groups = {"what": CompareFlags(runs=tyro.MISSING, protocol=protocol), "protocol_config": config}
    about = discovery.summary("evaluation", protocol)
    given = parse(words, groups, prog="lessup compare", description=about)
    what = given.what
    table = verbs.compare(what.runs, protocol, what.data, config=given.protocol_config, device=what.device)
    rows = {row: {key: asdict(score) for key, score in metrics.items()} for row, metrics in table.items()}
    print(verbs.dumps({"protocol": protocol, "rows": rows}) if what.json else score_table(rows))
    return 0
