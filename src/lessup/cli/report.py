"""`lessup report RUN... --out report.html`."""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from lessup.report import write
from lessup.runs.within import opened


def report(runs: Annotated[tuple[Path, ...], tyro.conf.Positional], out: Path) -> int:
    """Write one self-contained page from run folders.

    Args:
        runs: run folders, and what `lessup segment` made from tags.
        out: the .html file to write.
    """
    print(f"wrote {write([opened(run) for run in runs], out)}", file=sys.stderr)
    return 0


def run(words: list[str]) -> int:
    """Parse and write."""
    return tyro.cli(report, args=words, prog="lessup report")
