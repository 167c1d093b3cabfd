"""Seconds to index 100,000 files, to decode two data sets for the first time and to open them again.

    python benchmarks/image_cache.py --data ../shared/data/tiny-imagenet-100per.tar ../shared/data/caltech101-96px.tar

The data is copied into a folder of its own, so that a cache that is there already is not used.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

import record
from lessup import data
from lessup.formats.file_tree import open_tree
from lessup.samples.images import Images

NUM_FILES, NUM_FOLDERS = 100_000, 100


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of some work."""
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def many_files(folder: Path) -> Path:
    """Make a folder of empty files in class folders."""
    for number in range(NUM_FOLDERS):
        inner = folder / f"class{number:03}"
        inner.mkdir(parents=True)
        for file in range(NUM_FILES // NUM_FOLDERS):
            (inner / f"{file:04}.jpg").touch()
    return folder


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, required=True)
    asked = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        files = many_files(Path(folder) / "many")
        found[f"{NUM_FILES:,} files"] = {"index": seconds(lambda: open_tree(files))}
        for path in asked.data:
            copy = Path(shutil.copy(path, folder))
            first, again = seconds(partial(data.load, copy)), seconds(partial(data.load, copy))
            images = data.load(copy)
            assert isinstance(images, Images)
            size = round(images.pixels.flat.nbytes / 1e6)
            found[path.name] = {"images": len(images), "first": first, "again": again, "megabytes": size}
    print(found)
    record.write("image_cache", {"threads": torch.get_num_threads(), "seconds": found})


if __name__ == "__main__":
    main()
