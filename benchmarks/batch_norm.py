"""Updates until a fixed accuracy on held-out images, with and without batch normalisation, at several learning rates.

    python benchmarks/batch_norm.py --data ../shared/data/caltech101-96px.tar

After Ioffe, Szegedy, *Batch Normalization*, 2015, section 4.2.1. The network is AlexNet for 64-pixel images with batch
normalisation behind all layers (`alexnet-small`) and with none (`alexnet-small-plain`); both begin with variance
2 / fan-in (He et al. 2015), and SGD keeps its rate for the whole run. Every `--every` updates the held-out images are
told; a row says after how many updates their accuracy first reached `--target`, and what it was at best.
"""

import argparse
import time
from typing import Any

import numpy as np
import torch

import record
from lessup import data
from lessup.methods.supervised import Supervised, SupervisedConfig
from lessup.samples import Reading
from lessup.training.modes import batch_on
from lessup.transforms.draws import Draws
from magic_init import Parts, accuracy, parts

NETWORKS = {"with": "alexnet-small", "without": "alexnet-small-plain"}


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.003, 0.01, 0.03, 0.1, 0.3])
    parser.add_argument("--target", type=float, default=30.0, help="accuracy in percent, mean over classes")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--shots", type=int, default=30, help="training images a class; a fifth is left out")
    parser.add_argument("--most-tested", type=int, default=50, help="held-out images a class")
    parser.add_argument("--classes", type=int, default=20, help="the first so many")
    parser.add_argument("--name", default="batch_norm")
    return parser.parse_args()


def curve(backbone: str, rate: float, part: Parts, seed: int, asked: argparse.Namespace) -> list[float]:
    """Train, and return the accuracy in percent on held-out images after every so many updates; 0 once it is lost."""
    config = SupervisedConfig(backbone=backbone, learning_rate=rate, crop="box", area=(0.35, 1.0), lighting=0.0)
    torch.manual_seed(seed)
    method = Supervised(Supervised.configured(config, part.train))
    optimizer = method.optimizations(asked.steps)["classification"].optimizer  # its schedule is left out
    passes = asked.steps * asked.batch_size // len(part.train) + 1
    order = np.concatenate([np.random.default_rng((seed, n)).permutation(len(part.train)) for n in range(passes)])
    found = []
    for step in range(asked.steps):
        method.train()
        batch = batch_on(method.device, part.train, order[step * asked.batch_size : (step + 1) * asked.batch_size])
        loss = method.step(batch, Draws.at(seed, step)).players["classification"]
        if not torch.isfinite(loss):
            return found + [0.0] * (asked.steps // asked.every - len(found))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % asked.every == 0:
            found.append(round(accuracy(method.eval(), part.test), 2))
    return found


def reached(accuracies: list[float], asked: argparse.Namespace) -> int | None:
    """Return the updates after which the target was reached first; None where it never was."""
    return next((asked.every * (n + 1) for n, one in enumerate(accuracies) if one >= asked.target), None)


def main() -> None:
    """Measure both networks at every rate and record them."""
    asked = arguments()
    began = time.perf_counter()
    samples = data.load(asked.data, Reading())
    seeds = [parts(samples, asked, seed) for seed in range(asked.seeds)]
    rows: dict[str, dict[str, Any]] = {}
    for name, backbone in NETWORKS.items():
        for rate in asked.rates:
            curves = [curve(backbone, rate, one, seed, asked) for seed, one in enumerate(seeds)]
            updates, best = [reached(one, asked) for one in curves], [max(one) for one in curves]
            rows[f"{name}, {rate:g}"] = {"updates": updates, "best": best, "curves": curves}
            print(f"{name} batch normalisation, rate {rate:g}: {updates} updates, best {best}", flush=True)
    settings = {key: value for key, value in vars(asked).items() if key not in ("data", "name")}
    record.write(
        asked.name,
        {
            "seconds": round(time.perf_counter() - began),
            "settings": settings | {"optimizer": "sgd, momentum 0.9", "backbones": NETWORKS},
            "data": {"fingerprint": samples.fingerprint, "tested": len(seeds[0].test)},
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()
