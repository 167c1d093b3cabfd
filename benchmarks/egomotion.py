"""Egomotion, slow features and training from scratch on digits, by the number of labels.

    python benchmarks/egomotion.py --data ../shared/data/mnist

Both methods train the same network by their recipe `cpu`, once for each seed; a linear machine then tells the digits
from its last layer. The network trained from random weights on the same labels, and untrained networks, are measured
once. Means and spreads are over all seeds and draws of labels together. Runs stay in runs/benchmarks/ and are gone on
with or taken as they are if they are there.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

import record
from run import lessup

METHODS = ("egomotion", "slow-features")

LABELS = (10, 30, 100, 1000)
"""A class; there are ten."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=3, help="of labels, for each seed")
    parser.add_argument("--layer", default="pool2")
    parser.add_argument("--name", default="egomotion-digits")
    return parser.parse_args()


def trained(method: str, seed: int, data: str) -> Path:
    """Train or resume, and return the run."""
    run = Path(os.path.relpath(record.ROOT / "runs" / "benchmarks" / f"{method}-digits-seed{seed}"))
    if (run / "checkpoints" / "last.ckpt").exists():
        lessup("train", "--resume", "--out", str(run))
    else:
        run.parent.mkdir(parents=True, exist_ok=True)
        lessup("train", method, "--recipe", "cpu", "--data", data, "--seed", str(seed), "--out", str(run))
    return run


def measured(run: Path, asked: argparse.Namespace, *, with_others: bool) -> dict[str, Any]:
    """Return the rows of a run, beside it those that know nothing of it."""
    words = ["--labels", *map(str, LABELS), "--layers", asked.layer, "--draws", str(asked.draws)]
    more = ["--scratch", "--trained-draws", str(asked.draws)] if with_others else ["--no-references"]
    shown = lessup("evaluate", str(run), "--protocol", "labels-curve", "--data", asked.data, *words, *more, "--json")
    rows: dict[str, Any] = json.loads(shown)["rows"]
    return rows


def pooled(scores: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean and the spread of all values behind several means and spreads, as errors in percent."""
    mean, std, n = (np.array([score[key] for score in scores]) for key in ("mean", "std", "n"))
    total = float((n * mean).sum() / n.sum())
    squares = ((n - 1) * std**2 + n * (mean - total) ** 2).sum()
    return {"mean": 100 - total, "std": float(np.sqrt(squares / max(n.sum() - 1, 1))), "n": int(n.sum())}


def main() -> None:
    """Train, measure and record."""
    asked = arguments()
    began = time.perf_counter()
    found: dict[str, list[dict[str, Any]]] = {}
    seconds: dict[str, list[int]] = {method: [] for method in METHODS}
    for seed in range(asked.seeds):
        for method in METHODS:
            start = time.perf_counter()
            run = trained(method, seed, asked.data)
            seconds[method].append(round(time.perf_counter() - start))
            rows = measured(run, asked, with_others=method == METHODS[0] and not seed)
            for row, scores in rows.items():
                found.setdefault(method if row == "model" else row, []).append(scores)
    errors = {
        row: {str(10 * number): pooled([one[f"accuracy_{number}"] for one in scores]) for number in LABELS}
        for row, scores in found.items()
    }
    settings = {key: value for key, value in vars(asked).items() if key not in ("data", "name")}
    took = {"seconds": round(time.perf_counter() - began), "seconds_training": seconds}
    record.write(asked.name, {**took, "settings": settings, "errors": errors})


if __name__ == "__main__":
    main()
