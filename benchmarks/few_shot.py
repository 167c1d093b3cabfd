"""One-shot learning on Omniglot's two small background sets: alphabets that were never seen, in folds.

    python benchmarks/few_shot.py --data ../shared/data/omniglot

Eight alphabets are dealt to four folds of two. Each method is trained by its recipe `cpu` on the other six alphabets
and asked about the two held out. Settings were chosen on fold 0, so folds 1 to 3 are reported. `5_across` to
`20_within` are of upright drawings; `5_turned` and `20_turned` are across classes with quarter turns as classes of
their own, as the papers have it. `--flags` go to `lessup train` after the recipe, such as `--flags --precision bf16`,
which halves the time on a CPU that has it. Runs stay in `runs/benchmarks`; one that is there is resumed.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import record
from lessup.runs import Run
from lessup.runs.duration import training_seconds

LESSUP = str(Path(sys.executable).with_name("lessup"))
METHODS = ("koch-siamese", "matching-networks", "prototypical-networks")
WAYS = (5, 20)


def lessup(*words: str) -> str:
    """Run one command of lessup and return what it printed."""
    print("lessup", *words, file=sys.stderr)
    return subprocess.run([LESSUP, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def trained(method: str, fold: int, asked: argparse.Namespace) -> Path:
    """Train a method without two alphabets, or go on with that, and return the run."""
    run = Path(os.path.relpath(record.ROOT / "runs" / "benchmarks" / f"few-shot-{method}-fold{fold}"))
    run.parent.mkdir(parents=True, exist_ok=True)
    if (run / "checkpoints" / "last.ckpt").exists():
        lessup("train", "--resume", "--out", str(run))
    else:
        words = ["--data", asked.data, "--out", str(run), "--fold", str(fold), "--overwrite"]
        lessup("train", method, "--recipe", "cpu", *words, *asked.flags)
    return run


def seconds_of(path: Path) -> int:
    """Return how long all updates of a run took."""
    run = Run.open(path)
    return round(training_seconds(run.metrics(), run.config["training"]["batch_size"]) or 0)


def measured(run: Path, asked: argparse.Namespace, way: int, *flags: str) -> dict[str, Any]:
    """Return the rows of one measurement."""
    words = ["--way", str(way), "--episodes", str(asked.episodes), *flags, "--json"]
    shown = lessup("evaluate", str(run), "--protocol", "few-shot", *words)
    rows: dict[str, Any] = json.loads(shown)["rows"]
    return rows


def main() -> None:
    """Train, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--name", default="few_shot", help="of the result")
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[], help="more flags for `lessup train`, last")
    asked = parser.parse_args()
    rows: dict[str, dict[str, list[float]]] = {}
    seconds: dict[str, list[int]] = {}
    for method in asked.methods:
        for fold in asked.folds:
            run = trained(method, fold, asked)
            seconds.setdefault(method, []).append(seconds_of(run))
            for way in WAYS:
                kinds = {"across": "across", "within": "within"}
                found = {row: [(values, kinds)] for row, values in measured(run, asked, way).items()}
                for row, values in measured(run, asked, way, "--turned-classes").items():
                    found[row].append((values, {"across": "turned"}))
                for row, measurements in found.items():
                    if row in ("chance", "pixels") and method != asked.methods[0]:
                        continue  # the same episodes for every method
                    name = {"model": method, "random": f"{method}, random weights"}.get(row, row)
                    for values, kinds in measurements:
                        for metric, kind in kinds.items():
                            if metric in values:
                                scores = rows.setdefault(name, {}).setdefault(f"{way}_{kind}", [])
                                scores.append(round(values[metric]["mean"], 2))
        print(method, rows[method], flush=True)
    found = {"folds": asked.folds, "episodes": asked.episodes, "flags": asked.flags, "seconds": seconds, "rows": rows}
    record.write(asked.name, found)


if __name__ == "__main__":
    main()
