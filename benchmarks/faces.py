"""Tell people apart who were never seen: `drlim` on the faces of 30 people, asked of 5 others, seven times.

    python benchmarks/faces.py --data ../shared/data/orl-faces.tar

Every fold holds out five people; the seven together are all 35. Rows: the recipe `cpu`; the same with the exponential
loss and squashed embeddings of the paper; pixels; and random weights. The settings of the recipe were chosen on the
people of folds 2 to 6 (four of these learnt from, the fifth asked), so folds 0 and 1 stand apart as well. Runs stay in
runs/benchmarks/; one that is done is taken as it is.
"""

import argparse
import sys
from typing import Any

import record
from lessup import verbs
from lessup.evaluation.verification import Verification
from lessup.samples.splits import Folds

FOLDS = 7
UNTOUCHED = (0, 1)
"""Folds whose people had no part in the choice of settings."""

VARIANTS: dict[str, dict[str, Any]] = {
    "recipe cpu": {},
    "exponential loss": {"loss": "exponential", "norm": "l1", "normalise": False},
}


def scores(row: str, fold: int, data: str) -> dict[str, dict[str, float]]:
    """Train on 30 people if that was not done, and return every row's scores on the other five, in percent."""
    out = record.ROOT / "runs" / "benchmarks" / f"faces-{row.replace(' ', '-')}-{fold}"
    if not (out / "checkpoints" / "last.ckpt").exists():
        folds = Folds(folds=FOLDS, fold=fold, whole_classes=True)
        verbs.train(verbs.settings("drlim", data, config=VARIANTS[row], folds=folds), out, overwrite=True)
    metric = "l1" if VARIANTS[row].get("norm") == "l1" else "euclidean"
    found = verbs.evaluate(out, "verification", config=Verification.Config(metric=metric))
    return {
        row if name == "model" else name: {metric: score["mean"] for metric, score in values.items()}
        for name, values in found["rows"].items()
    }


def main() -> None:
    """Measure fold by fold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    asked = parser.parse_args()
    rows: dict[str, dict[str, list[float]]] = {}
    for fold in range(FOLDS):
        for number, variant in enumerate(VARIANTS):
            for row, values in scores(variant, fold, asked.data).items():
                if row == variant or not number:
                    for metric, value in values.items():
                        rows.setdefault(row, {}).setdefault(metric, []).append(round(value, 3))
            print(fold, variant, {metric: values[-1] for metric, values in rows[variant].items()}, flush=True)
    record.write("faces", {"folds": FOLDS, "untouched": UNTOUCHED, "rows": rows})


if __name__ == "__main__":
    sys.exit(main())
