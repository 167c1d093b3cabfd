"""`lessup compare RUN... --protocol P --data DATA`."""

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from lessup import discovery, evaluation, verbs
from lessup.cli.flags import MeasureFlags, parse
from lessup.errors import UsageError
from lessup.report import transfer_writers as writers
from lessup.report.transfer_table import TransferTable
from lessup.verbs.comparison import Asked


@dataclass(frozen=True, kw_only=True)
class CompareFlags:
    """What to compare.

    Attributes:
        runs: run folders.
        protocol: public name (`lessup list protocols`); give it again for more columns, each with flags of its own
            within quotes: --protocol 'linear-svm --images-per-class 30' --protocol knn.
        supervised: add the row of `supervised` with the same backbone; where no run of it is given and there are
            labels, it is trained on the same part of the data, once, in a folder beside the runs.
        supervised_steps: its updates; if 0 those of the run that stands there, or of its recipe `cpu`.
        out: also write the table to this file: .md, .json or .html.
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN...")]
    protocol: tyro.conf.UseAppendAction[tuple[str, ...]]
    supervised: bool = True
    supervised_steps: int = 0
    out: Path | None = None


def run(words: list[str]) -> int:
    """Measure several runs under one protocol or several and print one table."""
    asked = protocols_asked(words)
    groups: dict[str, Any] = {"what": CompareFlags(runs=tyro.MISSING, protocol=()), "on": MeasureFlags()}
    about = "Several runs, chance, untrained networks and full supervision in one table."
    if len(asked) == 1:
        groups["protocol_config"] = asked[0].config
        about = discovery.summary("evaluation", asked[0].name)
    given = parse(words, groups, prog="lessup compare", description=about)
    if len(asked) == 1:
        asked = [Asked(asked[0].name, given.protocol_config)]
    what, on = given.what, given.on
    if what.out:
        writers.check(what.out)
    table = verbs.compare(
        what.runs,
        asked,
        on.data,
        device=on.device,
        supervised=what.supervised,
        supervised_steps=what.supervised_steps,
    )
    if what.out:
        print(f"wrote {writers.write(table, what.out)}", file=sys.stderr)
    if on.json:
        print(writers.to_json(table), end="")
    else:
        show(table)
    return 0


def protocols_asked(words: list[str]) -> list[Asked]:
    """Return every protocol that is named, with the flags that stand with it within quotes.

    Raises:
        UsageError: none is named, or no protocol has the name.
        SystemExit: with 2 for a flag that is wrong.
    """
    asked = []
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--protocol", action="append", default=[])
    for text in parser.parse_known_args(words)[0].protocol:
        try:
            name, *flags = shlex.split(text) or [""]
        except ValueError as error:
            raise UsageError(f"--protocol {text}: a quote is not closed") from error
        public = name.replace("_", "-")
        config = evaluation.load(public).Config()
        given = parse(flags, {"protocol_config": config}, prog=f"--protocol '{public} ...'", description="")
        asked.append(Asked(public, given.protocol_config, shlex.join([public, *flags])))
    if not asked:
        raise UsageError(f"which protocol? --protocol with one of {', '.join(discovery.names('evaluation'))}")
    return asked


def show(table: TransferTable) -> None:
    """Print a table and what stands below it."""
    console = Console(width=None if sys.stdout.isatty() else 1000, highlight=False)
    console.print(writers.terminal(table))
    for sentence in writers.sentences(table):
        console.print(f"- {sentence}", markup=False)
