"""Train `ambient-sound` on a few clips with every target, and its control, and ask for the sound of held-out clips.

    python benchmarks/ambient_sound.py --data ../shared/data/video-with-sound.tar

Each seed holds out another share of the clips. Runs stay in runs/benchmarks/; one that is done is taken as it is. So
few clips prove that everything works together, and say nothing about what the features are good for.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import record
from lessup.experiments import settings
from lessup.samples import Reading
from lessup.samples.splits import Folds
from lessup.verbs.measurement import evaluate
from lessup.verbs.training import train

ROWS: dict[str, dict[str, Any]] = {
    "cluster": {"target": "cluster"},
    "cluster, sounds shuffled in training": {"target": "cluster", "shuffled": True},
    "binary": {"target": "binary"},
    "spectrum": {"target": "spectrum"},
}


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="videos with sound")
    parser.add_argument("--seeds", type=int, default=5, help="each holds out one of as many shares of the clips")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rows", nargs="+", default=[*ROWS], choices=[*ROWS])
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def measured(row: str, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Train one run, unless it is done, and return its scores."""
    out = record.ROOT / "runs" / "benchmarks" / f"ambient-sound-{row.replace(', ', '-').replace(' ', '-')}-seed{seed}"
    asked_for = settings(
        "ambient-sound",
        asked.data,
        config=ROWS[row],
        training={"steps": asked.steps, "batch_size": asked.batch_size, "seed": seed, "device": asked.device},
        reading=Reading(),
        folds=replace(Folds(), folds=asked.seeds, fold=seed),
    )
    if not (out / "checkpoints" / "last.ckpt").exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        train(asked_for, out, overwrite=Path(out).exists())
    scores = evaluate(out, "sound-prediction", device=asked.device)
    print(
        row, seed, {name: round(values["accuracy"]["mean"], 1) for name, values in scores["rows"].items()}, flush=True
    )
    return scores


def main() -> None:
    """Train and measure every row over the seeds, and record."""
    asked = arguments()
    rows: dict[str, list[dict[str, Any]]] = {row: [] for row in asked.rows}
    fingerprint = ""
    for seed in range(asked.seeds):
        for row, found in rows.items():
            scores = measured(row, seed, asked)
            fingerprint = scores["fingerprint"]
            accuracies = {name: values["accuracy"]["mean"] for name, values in scores["rows"].items()}
            means = {
                name: values["class_mean"]["mean"] for name, values in scores["rows"].items() if "class_mean" in values
            }
            found.append({"accuracy": accuracies, "class_mean": means, "notes": scores["notes"]})
        told = {"steps": asked.steps, "batch_size": asked.batch_size, "seeds": seed + 1, "fingerprint": fingerprint}
        record.write("ambient_sound", {**told, "rows": rows})


if __name__ == "__main__":
    main()
