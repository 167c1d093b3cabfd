"""The tables of the docs are those of the committed results."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_pages_hold_the_committed_results() -> None:
    checked = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "tables.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, f"run `python benchmarks/tables.py`: {checked.stdout}{checked.stderr}"
