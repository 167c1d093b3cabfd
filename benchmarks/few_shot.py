"""One-shot learning on Omniglot's two small background sets: alphabets that were never seen, in folds.

    python benchmarks/few_shot.py --data ../shared/data/omniglot

Eight alphabets are dealt to four folds of two. Each method is trained by a recipe on the other six alphabets and asked
about the two held out, `--together` folds at once. Settings were chosen on fold 0, so folds 1 to 3 are reported.
`5_across` to `20_within` are of upright drawings; `5_turned` and `20_turned` are across classes with quarter turns as
classes of their own, as the papers have it. `--flags` go to `lessup train` after the recipe, such as `--flags
--precision bf16`, which halves the time on a CPU that has it. Runs stay in `runs/benchmarks`; one that is there is
resumed.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import record
from lessup.runs import Run
from lessup.runs.duration import training_seconds

LESSUP = str(Path(sys.executable).with_name("lessup"))
METHODS = ("koch-siamese", "matching-networks", "prototypical-networks")
WAYS = (5, 20)
UPRIGHT_AND_TURNED: tuple[tuple[list[str], dict[str, str]], ...] = (
    ([], {"across": "across", "within": "within"}),
    (["--turned-classes"], {"across": "turned"}),
)
"""Flags of `lessup evaluate`, and what the metrics are called that they give."""


def lessup(*words: str) -> str:
    """Run one command of lessup and return what it printed."""
    print("lessup", *words, file=sys.stderr)
    return subprocess.run([LESSUP, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def trained(method: str, fold: int, asked: argparse.Namespace) -> Path:
    """Train a method without two alphabets, or go on with that, and return the run."""
    recipe = "" if asked.recipe == "cpu" else f"-{asked.recipe}"
    run = Path(os.path.relpath(record.ROOT / "runs" / "benchmarks" / f"few-shot-{method}{recipe}-fold{fold}"))
    run.parent.mkdir(parents=True, exist_ok=True)
    if (run / "checkpoints" / "last.ckpt").exists():
        lessup("train", "--resume", "--out", str(run))
    else:
        words = ["--data", asked.data, "--out", str(run), "--fold", str(fold), "--overwrite"]
        lessup("train", method, "--recipe", asked.recipe, *words, *asked.flags)
    return run


def seconds_of(path: Path) -> int:
    """Return how long all updates of a run took."""
    run = Run.open(path)
    return round(training_seconds(run.metrics(), run.config["training"]["batch_size"]) or 0)


def measured(run: Path, asked: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Return the accuracies of every row by way and kind of task."""
    rows: dict[str, dict[str, float]] = {}
    for way in WAYS:
        words = ["--way", str(way), "--episodes", str(asked.episodes), "--json"]
        for flags, kinds in UPRIGHT_AND_TURNED:
            shown = lessup("evaluate", str(run), "--protocol", "few-shot", *words, *flags)
            for row, scores in json.loads(shown)["rows"].items():
                for metric, kind in kinds.items():
                    if metric in scores:
                        rows.setdefault(row, {})[f"{way}_{kind}"] = round(scores[metric]["mean"], 2)
    return rows


def main() -> None:
    """Train, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--recipe", default="cpu")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--together", type=int, default=1, help="folds trained at once, such as on one GPU")
    parser.add_argument("--name", default="few_shot", help="of the result")
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[], help="more flags for `lessup train`, last")
    asked = parser.parse_args()

    def of_fold(method: str, fold: int) -> tuple[int, dict[str, dict[str, float]]]:
        run = trained(method, fold, asked)
        return seconds_of(run), measured(run, asked)

    rows: dict[str, dict[str, list[float]]] = {}
    seconds: dict[str, list[int]] = {}
    with ThreadPoolExecutor(asked.together) as pool:
        for method in asked.methods:
            for took, found in pool.map(of_fold, itertools.repeat(method), asked.folds):
                seconds.setdefault(method, []).append(took)
                for row, scores in found.items():
                    if row in ("chance", "pixels") and method != asked.methods[0]:
                        continue  # the same episodes for every method
                    name = {"model": method, "random": f"{method}, random weights"}.get(row, row)
                    for kind, score in scores.items():
                        rows.setdefault(name, {}).setdefault(kind, []).append(score)
            print(method, rows[method], flush=True)
    settings = {"recipe": asked.recipe, "episodes": asked.episodes, "flags": asked.flags}
    record.write(asked.name, {"folds": asked.folds, **settings, "seconds": seconds, "rows": rows})


if __name__ == "__main__":
    main()
