"""`lessup evaluate RUN --protocol P --data DATA [--json]`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from lessup import discovery, evaluation, verbs
from lessup.cli.flags import asked_first, parse
from lessup.cli.tables import score_table
from lessup.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class EvaluateFlags:
    """What to measure.

    Attributes:
        run: run folder.
        protocol: public name (`lessup list protocols`).
        data: folder, file or embedded data set; the run's own, held-out part alone, if not given.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
    """

    run: Annotated[Path, tyro.conf.Positional]
    protocol: str
    data: str | None = None
    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


def run(words: list[str]) -> int:
    """Measure a run; every field of the protocol's config is a flag."""
    protocol, config = protocol_asked(words)
    groups = {"what": EvaluateFlags(run=tyro.MISSING, protocol=protocol), "protocol_config": config}
    about = discovery.summary("evaluation", protocol)
    given = parse(words, groups, prog="lessup evaluate", description=about)
    what = given.what
    scores = verbs.evaluate(what.run, protocol, what.data, config=given.protocol_config, device=what.device)
    print(verbs.dumps(scores) if what.json else score_table(scores["rows"], scores["notes"]))
    return 0


def protocol_asked(words: list[str]) -> tuple[str, Any]:
    """Return the protocol named by ``--protocol`` and its default config.

    Raises:
        UsageError: none is named, or no protocol has this name.
    """
    name = asked_first(words, "protocol")["protocol"]
    if name is None:
        raise UsageError(f"which protocol? --protocol with one of {', '.join(discovery.names('evaluation'))}")
    return name.replace("_", "-"), evaluation.load(name).Config()
