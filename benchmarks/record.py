"""Write a benchmark's result with everything that it takes to repeat it: command, commit, machine, versions, date."""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parent.parent


def write(name: str, figures: Mapping[str, Any]) -> Path:
    """Write results/NAME.json.

    Args:
        name: file name without suffix.
        figures: what was measured.
    """
    from lessup.runs.provenance import machine

    content = {
        "command": f"python benchmarks/{Path(sys.argv[0]).name} {shlex.join(sys.argv[1:])}".strip(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": {
            package: version(package) for package in ("lessup", "torch", "lightning", "numpy", "scikit-learn")
        },
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {path.relative_to(ROOT)}")
    return path


def commit() -> str:
    """Return the short commit, with ``+`` where the package or the benchmarks differ from it."""
    asked = ["git", "-C", str(ROOT)]
    head = subprocess.run([*asked, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    changed = subprocess.run(
        [*asked, "status", "--porcelain", "src"], capture_output=True, text=True, check=True
    ).stdout
    return head.strip() + ("+" if changed else "")
