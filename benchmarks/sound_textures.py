"""Tell the classes of ESC-10 by sound textures with a linear machine, or time the statistics of a minute of sound.

    python benchmarks/sound_textures.py --data ../shared/data/esc10-22khz.tar
    python benchmarks/sound_textures.py --threads 2

Each fold of the data (the first digit of a name) is held out in turn. The cost of the machine is chosen by holding out
each of the other folds in turn; the fold that is tested has no part in it.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import record
from lessup import data
from lessup.probes.one_vs_rest import one_vs_rest
from lessup.probes.spaces import Vectors
from lessup.samples.sound_statistics import texture_table
from lessup.samples.sounds import Sounds
from lessup.transforms.sound_textures import PARTS, RATE, sound_textures

COSTS = tuple(10.0**power for power in np.arange(-1, 2.1, 0.5).tolist())
"""For inputs of mean square 1; a cost of 0.1 for 502 standardised statistics is 50 here."""

ROWS = {
    "textures": tuple(PARTS),
    "means and spreads of bands": ("mean", "spread"),
    "means of bands (spectrum only)": ("mean",),
}


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="ESC-10 or ESC-50, a folder a class; without it, time")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def right(
    x: NDArray[np.float32], label: NDArray[np.int64], known: NDArray[np.bool_], asked: NDArray[np.bool_], cost: float
) -> float:
    """Return the percentage of asked sounds that a machine tells which has learnt the known ones."""
    mean, spread = x[known].mean(0), x[known].std(0)
    scaled = (x - mean) / np.where(spread > 0, spread, 1) / np.sqrt(x.shape[1])
    scaled = np.hstack([scaled, np.full((len(x), 1), 0.1**0.5, np.float32)])
    space = Vectors(scaled[known], scaled[asked])
    targets = (label[known][:, None] == np.arange(label.max() + 1)).astype(np.int8)
    told = space.decide(one_vs_rest(space, targets, cost)).argmax(1)
    return 100 * float((told == label[asked]).mean())


def tested(x: NDArray[np.float32], label: NDArray[np.int64], fold: NDArray[np.int64]) -> dict[str, object]:
    """Hold out each fold in turn, the cost being chosen on the others alone."""
    scores, costs = [], []
    for held in np.unique(fold):
        inner = [each for each in np.unique(fold) if each != held]
        validation = [
            np.mean([right(x, label, (fold != held) & (fold != each), fold == each, cost) for each in inner])
            for cost in COSTS
        ]
        costs.append(COSTS[int(np.argmax(validation))])
        scores.append(right(x, label, fold != held, fold == held, costs[-1]))
    return {
        "accuracy": float(np.mean(scores)),
        "std": float(np.std(scores, ddof=1)),
        "by_fold": scores,
        "costs": costs,
    }


def seconds_for_a_minute(device: str) -> dict[str, dict[str, float]]:
    """Time the statistics of a minute of noise, best of five: on the clock, and of all threads together."""
    noise = torch.randn(60 * RATE, generator=torch.Generator().manual_seed(0)).to(device)
    found = {}
    for name, sound in {"12 clips of 5 s": noise.view(12, -1), "6 clips of 10 s": noise.view(6, -1)}.items():
        times = []
        for _ in range(6):
            start, busy = time.perf_counter(), time.process_time()
            sound_textures(sound).sum().item()
            times.append((time.perf_counter() - start, time.process_time() - busy))
        found[name] = {"clock": min(clock for clock, _ in times[1:]), "processor": min(busy for _, busy in times[1:])}
    return found


def rows_of(sounds: Sounds, device: str) -> dict[str, object]:
    """Measure every group of statistics."""
    fold = np.array([int(name.rpartition("/")[2][0]) for name in sounds.id])
    table = texture_table(sounds, device=device)
    rows: dict[str, object] = {"chance": {"accuracy": 100 / len(sounds.classes)}}
    for row, parts in ROWS.items():
        chosen = np.concatenate([np.arange(table.shape[1])[PARTS[part]] for part in parts])
        rows[row] = {"statistics": len(chosen), **tested(table[:, chosen], sounds.label, fold)}
        print(row, rows[row], flush=True)
    return rows


def main() -> None:
    """Time or measure, and record."""
    asked = arguments()
    torch.set_num_threads(asked.threads)
    settings = {"threads": asked.threads, "device": asked.device}
    if asked.data is None:
        record.write("sound_textures_speed", {**settings, "seconds_for_a_minute": seconds_for_a_minute(asked.device)})
        return
    sounds = data.load(asked.data)
    of_data = {"data": str(asked.data), "fingerprint": sounds.fingerprint, "sounds": len(sounds)}
    record.write("sound_textures", {**of_data, **settings, "rows": rows_of(sounds, asked.device)})


if __name__ == "__main__":
    main()
