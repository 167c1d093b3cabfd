"""`lessup evaluate RUN --protocol P --data DATA [--json]`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import discovery, verbs
from lessup.cli.flags import MeasureFlags, parse, protocol_asked
from lessup.cli.tables import score_table


@dataclass(frozen=True, kw_only=True)
class EvaluateFlags:
    """What to measure.

    Attributes:
        run: run folder.
        protocol: public name (`lessup list protocols`).
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    protocol: str


def run(words: list[str]) -> int:
    """Measure a run; every field of the protocol's config is a flag."""
    protocol, config = protocol_asked(words)
    what = EvaluateFlags(run=tyro.MISSING, protocol=protocol)
    groups = {"what": what, "on": MeasureFlags(), "protocol_config": config}
    about = discovery.summary("evaluation", protocol)
    given = parse(words, groups, prog="lessup evaluate", description=about)
    on = given.on
    scores = verbs.evaluate(given.what.run, protocol, on.data, config=given.protocol_config, device=on.device)
    print(verbs.dumps(scores) if on.json else score_table(scores["rows"], scores["notes"]))
    return 0
