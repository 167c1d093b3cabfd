"""FixMatch and Mean Teacher on MNIST with few labels, beside the same network on the labels alone and on all labels.

    python benchmarks/semi_supervised.py --data ../shared/data/mnist --draws 3
    python benchmarks/semi_supervised.py --data ../shared/data/mnist --draws 1 --first-draw 100 --rows fixmatch --try

All rows train `convnet-small`. Each draw of labels is a seed of training too. The rows on the labels alone change
images as FixMatch changes them weakly, or strongly. Errors are told of the images of training whose label was hidden,
and of the test part. Settings were looked at on the hidden labels of draw 100, which is none of those measured. `--try`
writes no result and leaves the test part alone.
"""

import argparse
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import record
from lessup import data as sources
from lessup import verbs
from lessup.features import encode_all
from lessup.methods import Method
from lessup.samples import Samples
from lessup.samples.given_labels import GivenLabels, with_given
from lessup.samples.splits import Folds, split

ALONE = {
    "backbone": "convnet-small",
    "crop": "shift",
    "mirror": 0.0,
    "lighting": 0.0,
    "dropout": 0.0,
    "smoothing": 0.0,
}
"""Settings of `supervised` that make it the network of the others, which sees labels alone."""

STRONG = {**ALONE, "operations": 2, "cutout": 0.5}

ROWS: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "labels alone": ("supervised", ALONE, {"steps": 2000, "batch_size": 64}),
    "labels alone, strong changes": ("supervised", STRONG, {"steps": 2000, "batch_size": 64}),
    "fixmatch": ("fixmatch", {}, {}),
    "mean-teacher": ("mean-teacher", {}, {}),
    "all labels": ("supervised", ALONE, {"steps": 4000, "batch_size": 64}),
}
"""By row: the method, what differs from its recipe `cpu`, and from that recipe's training."""

EVERY = "all labels"
"""The row that is given all of them."""


def trained(row: str, data: str, shots: int, draw: int) -> tuple[Method, dict[str, float]]:
    """Train one row on one draw, and return its network and the seconds that it took."""
    method, config, training = ROWS[row]
    settings = verbs.settings(
        method,
        data,
        config=config,
        training={"device": "cpu", "seed": draw, "log_every": 500, "checkpoint_every": 10**6, **training},
        given=GivenLabels(shots=0 if row == EVERY else shots, draw=draw),
    )
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    out = record.ROOT / "runs" / "benchmarks" / f"semi-{row.replace(' ', '-').replace(',', '')}-{shots}-{draw}"
    verbs.train(settings, out, overwrite=True)
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return verbs.load(out)[1], {"wall_s": round(time.perf_counter() - wall), "cpu_s": round(used)}


def error(method: Method, samples: Samples) -> float:
    """Return the share of samples that are told wrongly, in percent."""
    wrong: NDArray[np.bool_] = encode_all(method, samples, layer="logits").argmax(1) != samples.label
    return round(float(100 * wrong.mean()), 3)


def measured(row: str, asked: argparse.Namespace, images: Samples, draw: int) -> dict[str, float]:
    """Train one row on one draw, and measure it."""
    method, cost = trained(row, asked.data, asked.shots, draw)
    parts = with_given(split(images, Folds()), GivenLabels(shots=asked.shots, draw=draw))
    assert parts.known is not None
    found = {} if asked.trial else {"inductive_error": error(method, parts.test)}
    if row != EVERY:
        found["transductive_error"] = error(method, parts.train.take(np.flatnonzero(~parts.known)))
    return {**found, **cost}


def main() -> None:
    """Measure row by row, and write the result after each draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--shots", type=int, default=10)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--first-draw", type=int, default=0)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--name", default="semi_supervised", help="of the result")
    parser.add_argument("--try", dest="trial", action="store_true")
    asked = parser.parse_args()
    images = sources.load(Path(asked.data))
    rows: dict[str, dict[str, list[float]]] = {}
    for draw in range(asked.first_draw, asked.first_draw + asked.draws):
        for row in asked.rows:
            found = measured(row, asked, images, draw)
            print(draw, row, found, flush=True)
            for metric, value in found.items():
                rows.setdefault(row, {}).setdefault(metric, []).append(value)
        if not asked.trial:
            record.write(asked.name, {"shots": asked.shots, "rows": rows})


if __name__ == "__main__":
    sys.exit(main())
