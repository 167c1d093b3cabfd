"""Accuracy on Caltech-101 from scratch after equally many updates, by how the first weights were chosen.

    python benchmarks/magic_init.py --data ../shared/data/caltech101-96px.tar

The network is AlexNet for 64-pixel images without batch normalisation, where all depends on the first weights. Every
start has its own learning rate: the one that gives the highest accuracy on images held out of the training part, at the
first seed. The test part is looked at once, with that rate. Rows: N(0, 0.01) and biases of 0, the plain start of the
paper; PyTorch's default; variance 2 / fan-in (He et al. 2015); magic-init, random and k-means. All of it is 30 runs of
300 updates of 128 images, about 90 s each on two cores.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

import record
from lessup import data
from lessup.methods.supervised import Supervised, SupervisedConfig
from lessup.samples import Reading, Samples
from lessup.training.modes import batch_on
from lessup.transforms.draws import Draws

STARTS = ("gaussian", "pytorch", "fan-in", "magic-random", "magic-kmeans")
MAGIC = ("magic-random", "magic-kmeans")


@dataclass(frozen=True)
class Parts:
    """Images of one seed: to train on, to choose a rate on, to measure on."""

    train: Samples
    validation: Samples
    test: Samples


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.003, 0.01, 0.03, 0.1])
    parser.add_argument("--shots", type=int, default=30, help="training images a class; a fifth chooses the rate")
    parser.add_argument("--most-tested", type=int, default=50, help="test images a class")
    parser.add_argument("--classes", type=int, help="the first so many, for a try")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--name", default="magic_init")
    return parser.parse_args()


def parts(samples: Samples, asked: argparse.Namespace, seed: int) -> Parts:
    """Draw the images of each class."""
    generator = np.random.default_rng(seed)
    train, validation, test = [], [], []
    for kind in range(asked.classes or len(samples.classes)):
        order = generator.permutation(np.flatnonzero(samples.label == kind))
        held_out = max(asked.shots // 5, 1)
        validation += [*order[:held_out]]
        train += [*order[held_out : asked.shots]]
        test += [*order[asked.shots : asked.shots + asked.most_tested]]
    return Parts(*(samples.take(np.array(one)) for one in (train, validation, test)))


def started(start: str, samples: Samples, rate: float, seed: int) -> Supervised:
    """Return a network with its first weights."""
    config = SupervisedConfig(
        backbone="alexnet-small-plain",
        init=start if start in MAGIC else "random",  # type: ignore[arg-type]  # one of them
        learning_rate=rate,
        crop="box",
        area=(0.35, 1.0),
        lighting=0.0,
    )
    torch.manual_seed(seed)
    method = Supervised(Supervised.configured(config, samples))
    for layer in (part for part in method.modules() if isinstance(part, nn.Conv2d | nn.Linear)):
        if start == "gaussian":
            nn.init.normal_(layer.weight, std=0.01)
        elif start == "pytorch":
            layer.reset_parameters()
    method.begin(samples, seed)
    return method


def trained(
    start: str, samples: Samples, rate: float, seed: int, asked: argparse.Namespace
) -> tuple[Supervised, float]:
    """Train, and return the network and the mean loss of the last tenth of the updates."""
    method = started(start, samples, rate, seed).to(asked.device)
    (part,) = method.optimizations(asked.steps).values()
    passes = asked.steps * asked.batch_size // len(samples) + 1
    order = np.concatenate(
        [np.random.default_rng((seed, number)).permutation(len(samples)) for number in range(passes)]
    )
    losses = []
    method.train()
    for step in range(asked.steps):
        batch = batch_on(method.device, samples, order[step * asked.batch_size : (step + 1) * asked.batch_size])
        loss = method.step(batch, Draws.at(seed, step, device=method.device)).players["classification"]
        part.optimizer.zero_grad()
        loss.backward()
        part.optimizer.step()
        assert part.schedule
        part.schedule.step()
        losses.append(loss.detach())
    return method.eval(), float(torch.stack(losses[-max(asked.steps // 10, 1) :]).mean())


@torch.inference_mode()
def accuracy(method: Supervised, samples: Samples) -> float:
    """Return the mean over classes of the share of images that are told rightly, in percent."""
    starts = range(0, len(samples), 128)
    batches = [batch_on(method.device, samples, np.arange(at, min(at + 128, len(samples)))) for at in starts]
    decided = np.concatenate([method.classify(batch).argmax(1).cpu().numpy() for batch in batches])
    kinds = np.unique(samples.label)
    return 100 * float(np.mean([(decided[samples.label == kind] == kind).mean() for kind in kinds]))


def row(start: str, seeds: Sequence[Parts], asked: argparse.Namespace) -> dict[str, Any]:
    """Choose a rate for a way to start, then measure it at every seed."""
    tried = {rate: trained(start, seeds[0].train, rate, 0, asked) for rate in asked.rates}
    validation = {
        rate: accuracy(method, seeds[0].validation) if np.isfinite(loss) else 0.0
        for rate, (method, loss) in tried.items()
    }
    rate = max(validation, key=lambda each: validation[each])
    others = [trained(start, one.train, rate, seed, asked) for seed, one in enumerate(seeds[1:], start=1)]
    runs = [tried[rate], *others]
    test = [accuracy(method, one.test) for (method, _), one in zip(runs, seeds, strict=True)]
    found = {
        "learning_rate": rate,
        "validation_by_rate": validation,
        "accuracy": float(np.mean(test)),
        "spread": float(np.std(test, ddof=1)) if len(test) > 1 else 0.0,
        "accuracies": test,
        "last_losses": [loss for _, loss in runs],
    }
    print(f"{start:14} rate {rate:<6g} accuracy {found['accuracy']:5.1f} +- {found['spread']:.1f}", flush=True)
    return found


def main() -> None:
    """Measure every way to start and record it."""
    asked = arguments()
    began = time.perf_counter()
    samples = data.load(asked.data, Reading())
    seeds = [parts(samples, asked, seed) for seed in range(asked.seeds)]
    rows = {start: row(start, seeds, asked) for start in STARTS}
    kinds = asked.classes or len(samples.classes)
    settings = {key: value for key, value in vars(asked).items() if key not in ("data", "name")}
    record.write(
        asked.name,
        {
            "seconds": round(time.perf_counter() - began),
            "settings": settings | {"backbone": "alexnet-small-plain", "optimizer": "sgd, momentum 0.9"},
            "data": {"fingerprint": samples.fingerprint, "tested": len(seeds[0].test)},
            "rows": {"chance": {"accuracy": 100 / kinds}, **rows},
        },
    )


if __name__ == "__main__":
    main()
