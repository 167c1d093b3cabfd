"""Train `cam` with average and with max pooling, alike but for that, and measure how both classify and localise.

    python benchmarks/pooling.py --data ../shared/data/tiny-imagenet-100per.tar --classes 20 --steps 300 --batch-size 32
    python benchmarks/pooling.py --data ../shared/data/tiny-imagenet-100per.tar --seeds 0 1 2 --device cuda --at-once 6

Both begin with the ImageNet weights of `efficientnet-lite0` and see no box. The threshold of each is chosen by the
boxes of held-out training images; what is reported are the official validation images. A part of the classes is every
so manieth of them. Runs stay in runs/benchmarks/; one that was interrupted is resumed, one that is done is taken as it
is. Several runs at once share one device and all cores. `--data` may be a folder or an archive.
"""

import argparse
import json
import os
import statistics
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import record
from lessup.formats.file_tree import open_tree
from run import lessup

POOLINGS = ("gap", "gmp")
COLUMNS = ("top1_class", "given", "given_at_20", "max_box_accuracy", "mean_box_accuracy", "top1")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Tiny-ImageNet")
    parser.add_argument("--name", default="pooling", help="of the result")
    parser.add_argument("--classes", type=int, default=200)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--validation-boxes", type=int, default=500, help="that choose each network's threshold")
    parser.add_argument("--at-once", type=int, default=1, help="runs at the same time")
    return parser.parse_args()


def part(path: Path, count: int, out: Path) -> Path:
    """Write some of the classes of Tiny-ImageNet into a zip, unless it is there.

    Args:
        path: the whole data set.
        count: of classes, evenly spaced in the order of their numbers.
        out: folder of the zip.
    """
    target = out / f"tiny-imagenet-{count}.zip"
    if target.exists():
        return target
    tree = open_tree(path)
    top = tree.folder_with("wnids.txt")
    if top is None:
        raise SystemExit(f"{path}: wanted Tiny-ImageNet, with wnids.txt")
    every = sorted(tree.read(f"{top}wnids.txt").decode().split())
    kept = {every[place * len(every) // count] for place in range(count)}
    half = target.with_suffix(".half")
    with zipfile.ZipFile(half, "w") as archive:
        for name, content in files(tree.names(), top, kept, tree.read):
            archive.writestr(name, content)
    half.rename(target)
    return target


def files(
    names: tuple[str, ...], top: str, kept: set[str], read: Callable[[str], bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of what Tiny-ImageNet has of some classes."""
    annotations = f"{top}val/val_annotations.txt"
    lines = read(annotations).decode().splitlines(keepends=True)
    own = [line for line in lines if line.split()[1] in kept]
    pictures = {f"{top}val/images/{line.split()[0]}" for line in own}
    yield "wnids.txt", "\n".join(sorted(kept)).encode()
    yield "words.txt", read(f"{top}words.txt")
    yield "val/val_annotations.txt", "".join(own).encode()
    for name in names:
        below = name.removeprefix(top).split("/")
        if name in pictures or (below[0] == "train" and below[1] in kept):
            yield name.removeprefix(top), read(name)


def trained_and_measured(asked: argparse.Namespace, data: Path, pooling: str, seed: int) -> dict[str, Any]:
    """Train or resume one network, measure it, and return its scores with what was chosen."""
    name = f"pooling-{pooling}-{asked.classes}-classes-{asked.steps}-steps-of-{asked.batch_size}-seed{seed}"
    run = Path(os.path.relpath(record.ROOT / "runs" / "benchmarks" / name))
    if (run / "checkpoints" / "last.ckpt").exists():
        lessup("train", "--resume", "--out", str(run))
    else:
        words = ["--data", str(data), "--out", str(run), "--pooling", pooling, "--seed", str(seed)]
        words += ["--steps", str(asked.steps), "--batch-size", str(asked.batch_size), "--device", asked.device]
        lessup("train", "cam", "--recipe", "cpu", *words, "--overwrite")
    words = ["--protocol", "localization", "--validation-boxes", str(asked.validation_boxes)]
    shown = json.loads(lessup("evaluate", str(run), *words, "--device", asked.device, "--json"))
    with np.load(run / "figures" / "localization.npz", allow_pickle=False) as figures:
        at_20 = float(np.interp(0.2, figures["thresholds"], figures["curve_model"]))
    rows = {
        row: {key: values[key]["mean"] for key in COLUMNS if key in values} for row, values in shown["rows"].items()
    }
    rows["model"]["given_at_20"] = at_20
    return {"rows": rows, "notes": shown["notes"]}


def main() -> None:
    """Train all, measure all, record."""
    asked = arguments()
    out = record.ROOT / "runs" / "benchmarks"
    out.mkdir(parents=True, exist_ok=True)
    data = Path(os.path.relpath(part(asked.data, asked.classes, out))) if asked.classes < 200 else asked.data
    pairs = list(product(asked.seeds, POOLINGS))
    with ThreadPoolExecutor(asked.at_once) as pool:
        found = list(pool.map(lambda pair: trained_and_measured(asked, data, pair[1], pair[0]), pairs))
    runs = {f"{pooling}, seed {seed}": one for (seed, pooling), one in zip(pairs, found, strict=True)}
    table = {
        pooling: averaged([runs[f"{pooling}, seed {seed}"]["rows"]["model"] for seed in asked.seeds])
        for pooling in POOLINGS
    }
    settings = {key: getattr(asked, key) for key in ("classes", "steps", "batch_size", "seeds", "device")}
    record.write(asked.name, {**settings, "table": table, "runs": runs})


def averaged(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return mean and spread over seeds of every column."""
    values = {key: [row[key] for row in rows] for key in rows[0]}
    return {
        key: {"mean": statistics.mean(each), "std": statistics.stdev(each) if len(each) > 1 else 0.0}
        for key, each in values.items()
    }


if __name__ == "__main__":
    main()
