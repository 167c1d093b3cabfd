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
    from lessup.runs.files import write_whole
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
    path = RESULTS / f"{name}.json"
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode())  # others may be reading it
    print(f"wrote {path.relative_to(ROOT)}")
    return path


def commit() -> str:
    """Return the short commit, with ``+`` where the package differs from it; empty in a copy that is no checkout."""
    asked = ["git", "-C", str(ROOT)]
    head = subprocess.run([*asked, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    changed = subprocess.run(
        [*asked, "status", "--porcelain", "src"], capture_output=True, text=True, check=False
    ).stdout
    return head.strip() + ("+" if changed else "")
