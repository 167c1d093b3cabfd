"""Volumes per second of vconv-dae against plain PyTorch layers, on the CPU, everything alternating in one run.

    python benchmarks/vconv_dae_speed.py

A training update holds the noise, both passes and the optimiser; repair holds the forward pass. Each contender counts
at its own best batch size; figures are medians over the rounds, so another load on the machine hits all alike. On a
busy machine, `--threads 1 --clock cpu` counts the processor's seconds in place of those on the wall.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

import record
from lessup.methods.vconv_dae import VConvDAE, VConvDAEConfig
from lessup.transforms.draws import Draws

BATCH_SIZES = (32, 64, 128, 256)
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
Steps = dict[str, Callable[[Tensor], None]]


def published() -> nn.Sequential:
    """Return the network of the paper as anyone would write it, with logits as its output."""
    return nn.Sequential(
        nn.Dropout(0.5),
        nn.Conv3d(1, 64, 9, 3),
        nn.ReLU(),
        nn.Conv3d(64, 256, 4, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6912, 6912),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Unflatten(1, (256, 3, 3, 3)),
        nn.ConvTranspose3d(256, 64, 5, 2),
        nn.ReLU(),
        nn.ConvTranspose3d(64, 1, 6, 3),
    )


def plain(*, channels_last: bool = False, bf16: bool = False) -> Steps:
    """Return the two steps of the plain network."""
    layout = torch.channels_last_3d if channels_last else torch.contiguous_format
    network = published().to(memory_format=layout)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, dampening=0.9)

    def train(voxels: Tensor) -> None:
        network.train()
        whole = voxels.float()[:, None].contiguous(memory_format=layout)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network(whole)
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), whole)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def repair(voxels: Tensor) -> None:
        network.eval()
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            network(voxels.float()[:, None].contiguous(memory_format=layout)).sigmoid()

    return {"train": train, "repair": repair}


def ours() -> Steps:
    """Return the two steps of vconv-dae."""
    method = VConvDAE(VConvDAEConfig())
    optimizer = method.optimizations(1)["reconstruction"].optimizer

    def train(voxels: Tensor) -> None:
        loss = method.step({"voxels": voxels}, Draws.at(0)).players["reconstruction"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def repair(voxels: Tensor) -> None:
        with torch.no_grad():
            method.repair(voxels)

    return {"train": train, "repair": repair}


def measure(
    contenders: dict[str, Steps], batch_sizes: Sequence[int], rounds: int, clock: Callable[[], float]
) -> dict[str, dict[str, dict]]:
    """Return the median volumes/s by kind of step, contender and batch size."""
    seconds: dict[tuple[str, str, int], list[float]] = {}
    for turn in range(rounds + 1):  # the first warms up
        for size in batch_sizes:
            voxels = VConvDAE.example(size)["voxels"]
            for kind in ("train", "repair"):
                for name, steps in contenders.items():
                    start = clock()
                    steps[kind](voxels)
                    if turn:
                        seconds.setdefault((kind, name, size), []).append(clock() - start)
    table: dict[str, dict[str, dict]] = {"train": {}, "repair": {}}
    for (kind, name, size), times in seconds.items():
        table[kind].setdefault(name, {})[str(size)] = round(size / statistics.median(times), 1)
    return table


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(0)
    contenders = {"plain": plain(), "plain, channels last": plain(channels_last=True), "vconv-dae": ours()}
    table = measure(contenders, asked.batch_sizes, asked.rounds, CLOCKS[asked.clock])
    # Without processor instructions for it, bf16 is several times slower: a small batch beside plain shows it.
    small = {"plain": contenders["plain"], "plain, bf16": plain(bf16=True)}
    bf16 = measure(small, (4,), 2, CLOCKS[asked.clock])
    best = {kind: {name: max(rates.values()) for name, rates in table[kind].items()} for kind in table}
    ratio = {kind: round(best[kind]["vconv-dae"] / best[kind]["plain"], 2) for kind in best}
    print(best, ratio)
    measured = {"threads": asked.threads, "rounds": asked.rounds, "clock": asked.clock, "seed": 0}
    record.write(
        "vconv_dae_speed", {**measured, "volumes_per_s": table, "best": best, "ratio_to_plain": ratio, "bf16": bf16}
    )


if __name__ == "__main__":
    main()
