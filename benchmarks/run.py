"""Train a method by a recipe, measure it under protocols, record everything.

    python benchmarks/run.py voxel-unet cpu --data ../shared/data/modelnet10/vconvdae30.npz --protocols shape-repair
    python benchmarks/run.py context-prediction cpu --data ../shared/data/tiny-imagenet-100per.tar \
        --protocols "pretext --scrambled" "patch-neighbors --data ../shared/data/caltech101-96px.tar"

A protocol may bring flags of `lessup evaluate`, within quotes; what it is measured on, too. Runs stay in
runs/benchmarks/; one that was interrupted is resumed, and its training time adds up.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import record

LESSUP = str(Path(sys.executable).parent / "lessup")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method")
    parser.add_argument("recipe")
    parser.add_argument("--data", required=True)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--protocols", nargs="+", required=True, help="each with its flags, such as 'knn --k 10'")
    parser.add_argument("--name", help="of the result; METHOD-RECIPE-foldF-seedS if not given")
    parser.add_argument("--run", help="folder under runs/benchmarks; the name of the result if not given")
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[], help="more flags for `lessup train`, last")
    return parser.parse_args()


def lessup(*words: str) -> str:
    """Run one command of lessup and return what it printed."""
    print("lessup", *words, file=sys.stderr)
    return subprocess.run([LESSUP, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def train(asked: argparse.Namespace, run: Path) -> float:
    """Train or resume, and return the seconds that all of it took."""
    clock = run.with_suffix(".seconds")
    spent = float(clock.read_text()) if clock.exists() else 0.0
    if (run / "checkpoints" / "last.ckpt").exists():
        words = ["train", "--resume", "--out", str(run)]
    else:
        words = ["train", asked.method, "--recipe", asked.recipe, "--data", asked.data, "--out", str(run)]
        words += ["--fold", str(asked.fold), "--seed", str(asked.seed), *asked.flags]
    start = time.perf_counter()
    lessup(*words)
    spent += time.perf_counter() - start
    clock.write_text(str(spent))
    return spent


def measure(run: Path, asked: str, data: str) -> dict[str, Any]:
    """Evaluate a run under a protocol with its flags, on its own data unless they name other."""
    words = shlex.split(asked)
    words += [] if "--data" in words else ["--data", data]
    shown = lessup("evaluate", str(run), "--protocol", *words, "--json")
    scores: dict[str, Any] = json.loads(shown)
    return scores


def main() -> None:
    """Train, measure, record."""
    asked = arguments()
    name = asked.name or f"{asked.method}-{asked.recipe}-fold{asked.fold}-seed{asked.seed}"
    folder = record.ROOT / "runs" / "benchmarks" / (asked.run or name)
    run = Path(os.path.relpath(folder))  # results hold the command, not our path
    run.parent.mkdir(parents=True, exist_ok=True)
    seconds = train(asked, run)
    scores = {protocol: measure(run, protocol, asked.data) for protocol in asked.protocols}
    config = json.loads((run / "config.json").read_text())
    record.write(name, {"seconds_training": round(seconds), "run": config, "scores": scores})


if __name__ == "__main__":
    main()
