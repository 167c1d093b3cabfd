"""Read committed results, and lay out tables of them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def results() -> dict[str, dict[str, Any]]:
    """Read every result by name, in alphabetical order."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}


def measured(protocol: str, method: str = "") -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rows that `benchmarks/run.py` got under a protocol, by result and its flags, for one method or all."""
    return {
        name + asked.removeprefix(protocol): scores["rows"]
        for name, one in results().items()
        for asked, scores in one.get("scores", {}).items()
        if asked.split()[0] == protocol and method in ("", one["run"]["method"])
    }


def markdown(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Lay out a table, numbers to the right."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def cells(scores: dict[str, Any], columns: Sequence[str], digits: int = 2) -> list[str]:
    """Format the means of a row of scores, a dash where there is none."""
    return [f"{scores[column]['mean']:.{digits}f}" if column in scores else "-" for column in columns]
