"""Seconds of a dense CRF for one photograph, and how equal the results are, against pydensecrf2.

    pip install pydensecrf2
    python benchmarks/dense_crf.py

Both take turns in one run, on the same cores; a call counts whole, lattices as well. The energies are those of an
imagined network: the photograph's mask at an eighth of its size, with noise, enlarged. pydensecrf2 takes one image at a
time, on one core; lessup is measured so too, and with all photographs in one batch, which it shares among threads.
`--device cuda` measures the batch on a GPU as well. On a busy machine, `--clock cpu` counts the processor's seconds in
place of those on the wall.
"""

import argparse
import io
import statistics
import tarfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

import record
from lessup.masks.dense_crf import DenseCRFConfig, dense_crf

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
SETTINGS = (((321, 321), 5), ((321, 321), 10), ((375, 500), 10))
"""Height and width, and iterations."""

NUM_CLASSES = 21
ARCHIVE = "ccp-256px.tar"
Run = Callable[[], Tensor]


def photographs(path: Path, count: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return the first photographs that have a mask, (B, 3, H, W) in 0..255, and the masks, (B, H, W) int64 below K."""
    images, masks = [], []
    with tarfile.open(path) as archive:
        for name in [name for name in archive.getnames() if "/masks/" in name][:count]:
            photo = _opened(archive, name.replace("/masks/", "/images/").replace(".png", ".jpg")).convert("RGB")
            images.append(torch.from_numpy(np.array(photo.resize(size[::-1], Image.Resampling.BICUBIC))))
            mask = np.array(_opened(archive, name).resize(size[::-1], Image.Resampling.NEAREST))
            masks.append(torch.from_numpy(np.unique(mask, return_inverse=True)[1].reshape(size)) % NUM_CLASSES)
    return torch.stack(images).movedim(3, 1).contiguous(), torch.stack(masks)


def _opened(archive: tarfile.TarFile, name: str) -> Image.Image:
    content = archive.extractfile(name)
    assert content
    return Image.open(io.BytesIO(content.read()))


def energies(mask: Tensor, seed: int) -> Tensor:
    """Return (B, K, H, W), minus the log softmax of noisy scores that know each mask at an eighth of its size."""
    coarse = tuple(side // 8 for side in mask.shape[1:])
    scores = 4 * F.interpolate(F.one_hot(mask, NUM_CLASSES).movedim(3, 1).float(), coarse, mode="area")
    scores += torch.randn(scores.shape, generator=torch.Generator().manual_seed(seed))
    return -torch.log_softmax(F.interpolate(scores, mask.shape[1:], mode="bilinear"), 1)


def contenders(energy: Tensor, image: Tensor, num_iterations: int, device: str) -> dict[str, Run]:
    """Return what gives the probabilities of all photographs."""
    config = DenseCRFConfig(num_iterations=num_iterations)
    runs: dict[str, Run] = {
        "pydensecrf2": lambda: torch.stack([pydensecrf2(*one, config) for one in zip(energy, image, strict=True)]),
        "lessup": lambda: torch.cat(
            [dense_crf(*one, config) for one in zip(energy.split(1), image.split(1), strict=True)]
        ),
        "lessup, one batch": lambda: dense_crf(energy, image, config),
    }
    if device != "cpu":
        there = energy.to(device), image.to(device)
        runs[f"lessup, one batch on {device}"] = lambda: dense_crf(*there, config).cpu()
    return runs


def pydensecrf2(energy: Tensor, image: Tensor, config: DenseCRFConfig) -> Tensor:
    """Return the (K, H, W) probabilities that pydensecrf2 finds for one photograph."""
    from pydensecrf.densecrf import DenseCRF2D

    classes, height, width = energy.shape
    crf = DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(energy.flatten(1).numpy())
    crf.addPairwiseGaussian(sxy=config.sigma, compat=config.gaussian_weight)
    pixels = np.ascontiguousarray(image.movedim(0, 2).numpy())
    crf.addPairwiseBilateral(sxy=config.sigma_xy, srgb=config.sigma_rgb, rgbim=pixels, compat=config.bilateral_weight)
    return torch.from_numpy(np.array(crf.inference(config.num_iterations))).view(energy.shape)


def compared(q: Tensor, wanted: Tensor, energy: Tensor) -> dict[str, float]:
    """Return how far probabilities are from those wanted, at the worst photograph."""
    label, other = q.argmax(1), wanted.argmax(1)
    return {
        "labels_equal_percent": round(100 * (label == other).double().mean((1, 2)).min().item(), 3),
        "mean_difference": float(f"{(q - wanted).abs().mean((1, 2, 3)).max():.1e}"),
        "labels_moved_percent": round(100 * (label != energy.argmin(1)).double().mean().item(), 1),
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--name", default="dense_crf", help="of the result")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=record.ROOT.parent / "shared" / "data")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    clock = CLOCKS[asked.clock]
    results = {}
    for (height, width), num_iterations in SETTINGS:
        image, mask = photographs(asked.data / ARCHIVE, asked.images, (height, width))
        energy = energies(mask, asked.seed)
        runs = contenders(energy, image, num_iterations, asked.device)
        q = {name: run() for name, run in runs.items()}  # this warms up, too
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(asked.rounds):
            for name, run in runs.items():
                start = clock()
                run()
                seconds[name].append((clock() - start) / len(image))
        median = {name: round(statistics.median(times), 4) for name, times in seconds.items()}
        results[f"{height}x{width}x{NUM_CLASSES}, {num_iterations} iterations"] = {
            "seconds": median,
            "times_faster": {name: round(median["pydensecrf2"] / median[name], 2) for name in runs},
            "equality": {name: compared(q[name], q["pydensecrf2"], energy) for name in runs},
        }
    for name, result in results.items():
        print(name, result)
    settings = {"threads": asked.threads, "rounds": asked.rounds, "clock": asked.clock, "device": asked.device}
    data = {"data": f"{ARCHIVE}, first {asked.images} photographs with a mask", "seed": asked.seed}
    others = {package: version(package) for package in ("pydensecrf2", "pillow", "numba")}
    record.write(asked.name, {**settings, **data, "others": others, "settings": results})


if __name__ == "__main__":
    main()
