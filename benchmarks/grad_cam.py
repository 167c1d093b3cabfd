"""Seconds of Grad-CAM for one photograph on ResNet-18, against the plain passes, and what it leaves in memory.

    python benchmarks/grad_cam.py

All take turns in one run, on the same cores. `forward and backward` is one score and its gradient with respect to all
weights, as a training step has it; `forward` is the score alone. Weights and image are random, which changes no work.
Memory is what a call takes and does not give back, its result included. On a busy machine, `--clock cpu` counts the
processor's seconds in place of those on the wall.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

import record
from lessup.masks.class_maps import grad_cam
from lessup.methods.supervised import Supervised, SupervisedConfig

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
SIDE = 224
BACKBONE = "resnet18"
Run = Callable[[], Tensor]


def contenders(network: Supervised, image: Tensor, classes: Tensor) -> dict[str, Run]:
    """Return what computes a score, its gradients or a map."""

    def forward() -> Tensor:
        with torch.no_grad():
            return network.logits(image).gather(1, classes)

    def forward_and_backward() -> Tensor:
        network.zero_grad()
        score = network.logits(image).gather(1, classes)
        score.sum().backward()
        return score.detach()

    return {
        "forward": forward,
        "forward and backward": forward_and_backward,
        "Grad-CAM": lambda: grad_cam(network, image, classes),
        "Grad-CAM of layer3": lambda: grad_cam(network, image, classes, "layer3"),
    }


def kept(network: Supervised, run: Run) -> dict[str, int]:
    """Return the bytes that a call takes and does not give back, and those of its result."""
    network.zero_grad()
    cpu = torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[cpu], profile_memory=True) as profile:
        result = run()
    taken = sum(event.self_cpu_memory_usage for event in profile.key_averages())
    return {"kept": taken, "of_which_result": result.untyped_storage().nbytes()}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(asked.seed)
    network = Supervised(SupervisedConfig(backbone=BACKBONE)).eval()
    image, classes = torch.randn(1, 3, SIDE, SIDE), torch.tensor([[0]])
    runs = contenders(network, image, classes)
    left = {name: kept(network, run) for name, run in runs.items()}  # this warms up, too
    clock = CLOCKS[asked.clock]
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(asked.rounds):
        for name, run in runs.items():
            start = clock()
            run()
            seconds[name].append(clock() - start)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    results = {
        name: {
            "seconds": round(median[name], 4),
            "times_forward_and_backward": round(median[name] / median["forward and backward"], 2),
            "bytes": left[name],
        }
        for name in runs
    }
    for name, result in results.items():
        print(name, result)
    settings = {"threads": asked.threads, "rounds": asked.rounds, "clock": asked.clock, "seed": asked.seed}
    record.write("grad_cam", {**settings, "backbone": BACKBONE, "side": SIDE, "results": results})


if __name__ == "__main__":
    main()
