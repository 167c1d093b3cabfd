"""Time `lessup --help` and `import lessup` as whole processes: medians of 15 runs after a warm-up.

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import record

COMMANDS = {
    "python, nothing": [sys.executable, "-c", ""],
    "import lessup": [sys.executable, "-c", "import lessup"],
    "lessup --help": [str(Path(sys.executable).parent / "lessup"), "--help"],
}


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Measure and write the result."""
    figures = {}
    for name, command in COMMANDS.items():
        seconds(command)
        figures[name] = round(statistics.median(seconds(command) for _ in range(15)), 3)
        print(f"{name}: {figures[name]} s")
    record.write("startup", {"seconds": figures})


if __name__ == "__main__":
    main()
