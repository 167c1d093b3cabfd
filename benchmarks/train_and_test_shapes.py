"""Error of repair on training shapes beside test shapes: is a network short of training, or of shapes?

    python benchmarks/train_and_test_shapes.py runs/benchmarks/vconv-dae-cpu-fold0-seed0

Shapes of the run's own split, drawn with seed 0, lose nothing, 30 % of their cells, 3 or 7 slices; the error is that of
shape-repair, the mean over shapes.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import record
from lessup import data
from lessup.experiments import Settings
from lessup.methods import ShapeAutoencoder
from lessup.metrics.voxel_error import voxel_error
from lessup.runs import Run
from lessup.samples import Samples
from lessup.samples.splits import split
from lessup.training.modes import batch_on
from lessup.transforms.draws import Draws
from lessup.transforms.voxel_noise import remove_random, remove_slices
from lessup.verbs import shape_autoencoder

BATCH = 50


def damaged(voxels: Tensor, draws: Draws) -> dict[str, Tensor]:
    """Return (B, V, V, V) bool grids by what they lost."""
    return {
        "nothing": voxels,
        "30 % of cells": remove_random(voxels, 0.3, draws),
        "3 slices": remove_slices(voxels, 3, draws),
        "7 slices": remove_slices(voxels, 7, draws),
    }


def errors(method: ShapeAutoencoder, samples: Samples, count: int) -> dict[str, float]:
    """Return the mean error in percent over some samples, by what they lost."""
    chosen = np.sort(np.random.default_rng(0).choice(len(samples), min(count, len(samples)), replace=False))
    found: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for number, start in enumerate(range(0, len(chosen), BATCH)):
            whole = batch_on(method.device, samples, chosen[start : start + BATCH])["voxels"]
            for lost, grids in damaged(whole, Draws.at(0, number)).items():
                found.setdefault(lost, []).append(voxel_error(method.repair(grids) > 0.5, whole))
    return {lost: round(torch.cat(each).mean().item(), 3) for lost, each in found.items()}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--shapes", type=int, default=400, help="of each part")
    asked = parser.parse_args()
    rows = {}
    for run in asked.runs:
        settings = Settings.of(Run.open(run).config)
        parts = split(data.load(settings.data, settings.reading), settings.folds)
        method = shape_autoencoder(run)
        rows[run.name] = {name: errors(method, getattr(parts, name), asked.shapes) for name in ("train", "test")}
        print(run.name, rows[run.name], flush=True)
    record.write("train_and_test_shapes", {"shapes": asked.shapes, "seed": 0, "error": rows})


if __name__ == "__main__":
    main()
