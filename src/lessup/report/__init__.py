"""One self-contained page from run folders: tables, shapes that turn, curves; nothing is loaded from a network."""

from collections.abc import Sequence
from pathlib import Path

from lessup.errors import UsageError
from lessup.report.comparison import comparison
from lessup.report.page import page
from lessup.report.sections import method_of, name_of, run_sections
from lessup.runs import Run
from lessup.runs.files import write_whole


def write(runs: Sequence[Run], out: Path) -> Path:
    """Write the report of one or more runs; only their folders are read.

    Args:
        runs: run folders; several are compared first, then shown one by one.
        out: the .html file; replaced if it exists.

    Returns:
        ``out``.

    Raises:
        UsageError: no run is given.
        RunError: a run folder is damaged, or the file cannot be written.
    """
    if not runs:
        raise UsageError("a report of no run: wanted at least one run folder")
    if len(runs) == 1:
        title, lead = method_of(runs[0]), f"Report of the run {name_of(runs[0])}"
        sections = run_sections(runs[0])
    else:
        title, lead = "Comparison of runs", ", ".join(map(name_of, runs))
        sections = comparison(runs)
        for number, run in enumerate(runs, 1):
            sections += run_sections(run, prefix=f"run-{number}-", title=f"{name_of(run)}: {method_of(run)}")
    footer = "Written by lessup from run folders alone."
    write_whole(out, page(title=title, lead=lead, sections=sections, footer=footer).encode())
    return out
