"""Images a second that recipes train on a CPU in float32 and in bfloat16, in turns.

    python benchmarks/precision.py --data ../shared/data/tiny-imagenet-100per.tar --digits ../shared/data/mnist

A processor that multiplies bfloat16 itself (`avx512_bf16` or `amx_bf16` among its flags) gains; others lose. The pace
is the median over the lines of metrics.csv but the first, which warms up.
"""

import argparse
import csv
import statistics
import tempfile
from pathlib import Path

import torch

import record
from run import lessup

RECIPES = {
    "supervised cpu": 60,
    "context-prediction cpu": 300,
    "context-encoder features": 60,
    "context-encoder cpu": 60,
    "autoencoder cpu": 60,
    "bigan cpu": 60,
    "autoencoder mnist": 400,
    "bigan mnist": 400,
}
"""Updates of each."""


def pace(recipe: str, data: str, precision: str, folder: Path) -> float:
    """Return images a second."""
    method, name = recipe.split()
    words = ["train", method, "--recipe", name, "--data", data, "--out", str(folder), "--overwrite", "--device", "cpu"]
    steps = RECIPES[recipe]
    lessup(*words, "--precision", precision, "--steps", str(steps), "--log-every", str(steps // 6))
    with (folder / "metrics.csv").open() as lines:
        paces = [line["samples_per_second"] for line in csv.DictReader(lines)]
        rates = [float(rate) for rate in paces if rate]  # a line of validation alone has none
    return statistics.median(rates[1:])


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="photographs")
    parser.add_argument("--digits", required=True, help="MNIST")
    asked = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for recipe in RECIPES:
            data = asked.digits if recipe.endswith("mnist") else asked.data
            rates = {precision: round(pace(recipe, data, precision, Path(folder))) for precision in ("32", "bf16")}
            found[recipe] = {**rates, "times": round(rates["bf16"] / rates["32"], 2)}
            print(recipe, found[recipe], flush=True)
    native = torch.cpu.get_capabilities().get("avx512_bf16", False)
    record.write("precision", {"bf16_in_hardware": native, "images_per_s": found})


if __name__ == "__main__":
    main()
