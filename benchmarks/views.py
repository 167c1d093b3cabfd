"""Images per second of SimCLR's two views, lessup against lightly, on one core, alternating in one run.

    pip install lightly
    python benchmarks/views.py

Neither decodes: lightly starts from Pillow images in memory, as its transforms want them, lessup from the flat pixels
of its cache. Counted for lessup is all that training does: gathering a batch, padding it, turning it to floats, drawing
numbers, two views. Counted for lightly are its calls alone, without collating the views into a batch and without the
normalisation. Each has its strengths for the size: those of ImageNet at 224 pixels, those of CIFAR-10 (half the jitter,
no blur) at 32. On a busy machine, `--clock cpu` counts the processor's seconds in place of those on the wall.
"""

import argparse
import io
import os
import random
import statistics
import tarfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import record
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws
from lessup.transforms.views import SimCLRViews, two_views

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
SETTINGS = {
    224: ("ccp-256px.tar", 32, SimCLRViews()),
    32: ("tiny-imagenet-100per.tar", 256, SimCLRViews.small()),
}
"""Side of a view: archive, images in a batch, strengths."""


def photographs(path: Path, count: int) -> list[Image.Image]:
    """Return the first photographs of an archive."""
    images: list[Image.Image] = []
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.lower().endswith((".jpg", ".jpeg")):
                content = archive.extractfile(member)
                assert content
                images.append(Image.open(io.BytesIO(content.read())).convert("RGB"))
                if len(images) == count:
                    break
    return images


def samples(photos: list[Image.Image]) -> Images:
    """Return the same photographs as lessup holds them."""
    numbers = np.arange(len(photos))
    return Images(
        pixels=Ragged.of([np.asarray(photo) for photo in photos]),
        id=numbers.astype(str),
        label=numbers,
        classes=tuple(numbers.astype(str)),
        group=numbers,
        official=np.full(len(photos), ""),
        fingerprint="",
    )


def contenders(photos: list[Image.Image], views: SimCLRViews) -> dict[str, Callable[[int], None]]:
    """Return what makes two views of all photographs."""
    from lightly.transforms import SimCLRTransform

    strength = views.jitter.brightness / 0.8
    transform = SimCLRTransform(views.size, cj_strength=strength, gaussian_blur=views.blur, normalize=None)
    held = samples(photos)

    def lightly(turn: int) -> None:
        random.seed(turn)
        for photo in photos:
            transform(photo)

    def lessup(turn: int) -> None:
        batch = held.batch(np.arange(len(held)))
        two_views(batch["image"], batch["extent"], views, Draws.at(0, turn))

    return {"lightly": lightly, "lessup": lessup}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--data", type=Path, default=record.ROOT.parent / "shared" / "data")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002  # what lightly draws from
    clock, rates = CLOCKS[asked.clock], {}
    for side, (archive, count, views) in SETTINGS.items():
        photos = photographs(asked.data / archive, count)
        seconds: dict[str, list[float]] = {"lightly": [], "lessup": []}
        for turn in range(asked.rounds + 1):  # the first warms up
            for name, run in contenders(photos, views).items():
                start = clock()
                run(turn)
                if turn:
                    seconds[name].append(clock() - start)
        rates[str(side)] = {name: round(count / statistics.median(times), 1) for name, times in seconds.items()}
    ratio = {side: round(rate["lessup"] / rate["lightly"], 2) for side, rate in rates.items()}
    print(rates, ratio)
    settings = {"threads": 1, "rounds": asked.rounds, "clock": asked.clock, "seed": 0}
    data = {str(side): f"{archive}, first {count} photographs" for side, (archive, count, _) in SETTINGS.items()}
    others = {package: version(package) for package in ("lightly", "torchvision", "pillow", "numba")}
    record.write(
        "views", {**settings, "data": data, "others": others, "images_per_s": rates, "ratio_to_lightly": ratio}
    )


if __name__ == "__main__":
    main()
