"""Egomotion, slow features and training from scratch on digits, by the number of labels.

    python benchmarks/egomotion.py --data ../shared/data/mnist

Both methods train the same network by their recipe `cpu`, once for each seed; a linear machine then tells the digits
from its last layer; untrained networks are measured once. `supervised` teaches the whole network on as many labels,
from random weights and from those of each method, on digits as they are, and shifted by up to an eighth of their side:
shifts are a part of what both methods are given. Means and spreads are over all seeds and draws of labels together;
where the whole is taught, a draw is a seed too. Runs stay in runs/benchmarks/ and are gone on with or taken as they are
if they are there.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

import record
from lessup import data as sources
from lessup import verbs
from lessup.features import encode_all
from lessup.samples.given_labels import GivenLabels
from lessup.samples.splits import Folds, split
from run import lessup

METHODS = ("egomotion", "slow-features")

ALONE = {
    "backbone": "egomotion-digits-small",
    "mirror": 0.0,
    "lighting": 0.0,
    "dropout": 0.0,
    "optimizer": "adam",
    "learning_rate": 1e-3,
}
"""The same network on labels alone."""

PLAIN, SHIFTED = {**ALONE, "crop": "square", "square": 1.0}, {**ALONE, "crop": "shift"}

TAUGHT = {
    "from_scratch": (PLAIN, ""),
    "egomotion_fine_tuned": (PLAIN, "egomotion"),
    "slow-features_fine_tuned": (PLAIN, "slow-features"),
    "from_scratch_shifted": (SHIFTED, ""),
    "egomotion_fine_tuned_shifted": (SHIFTED, "egomotion"),
    "slow-features_fine_tuned_shifted": (SHIFTED, "slow-features"),
}
"""How a network is taught, and the method that it begins with."""

LABELS = (10, 30, 100, 1000)
"""A class; there are ten."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=3, help="of labels, for each seed")
    parser.add_argument("--taught-steps", type=int, default=1000)
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
    more = [] if with_others else ["--no-references"]
    shown = lessup("evaluate", str(run), "--protocol", "labels-curve", "--data", asked.data, *words, *more, "--json")
    rows: dict[str, Any] = json.loads(shown)["rows"]
    return rows


def taught(row: str, labels: int, draw: int, asked: argparse.Namespace) -> float:
    """Train a whole network on so many labels a class, and return the accuracy on test digits in percent."""
    config, first = TAUGHT[row]
    out = record.ROOT / "runs" / "benchmarks" / f"{row}-digits-{labels}-{draw}"
    if not (out / "checkpoints" / "last.ckpt").exists():
        weights = {"weights": str(out.parent / f"{first}-digits-seed{draw}")} if first else {}
        training = {"steps": asked.taught_steps, "batch_size": 64, "seed": draw, "log_every": 500}
        given = GivenLabels(shots=labels, draw=draw)
        settings = verbs.settings("supervised", asked.data, config=config | weights, training=training, given=given)
        verbs.train(settings, out, overwrite=True)
    test = split(sources.load(asked.data), Folds()).test
    told = encode_all(verbs.load(out)[1], test, layer="logits").argmax(1)
    return round(float(100 * np.mean(told == test.label)), 3)


def spread(values: list[float]) -> dict[str, float]:
    """Return mean, sample standard deviation and number of values."""
    return {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1)), "n": len(values)}


def pooled(scores: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean and the spread of all values behind several means and spreads, as errors in percent."""
    mean, std, n = (np.array([score[key] for score in scores]) for key in ("mean", "std", "n"))
    total = float((n * mean).sum() / n.sum())
    squares = ((n - 1) * std**2 + n * (mean - total) ** 2).sum()
    return {"mean": 100 - total, "std": float(np.sqrt(squares / max(n.sum() - 1, 1))), "n": int(n.sum())}


def main() -> None:
    """Train, measure and record."""
    asked = arguments()
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in range(asked.seeds):
        for method in METHODS:
            run = trained(method, seed, asked.data)
            rows = measured(run, asked, with_others=method == METHODS[0] and not seed)
            for row, scores in rows.items():
                found.setdefault(method if row == "model" else row, []).append(scores)
    for row in TAUGHT:
        told = {n: [taught(row, n, draw, asked) for draw in range(asked.draws)] for n in LABELS}
        found[row] = [{f"accuracy_{n}": spread(values) for n, values in told.items()}]
    errors = {
        row: {str(10 * number): pooled([one[f"accuracy_{number}"] for one in scores]) for number in LABELS}
        for row, scores in found.items()
    }
    settings = {key: value for key, value in vars(asked).items() if key not in ("data", "name")}
    record.write(asked.name, {"settings": settings, "errors": errors})


if __name__ == "__main__":
    main()
