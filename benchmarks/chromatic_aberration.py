"""Show that context prediction reads the fringes of a lens unless they are hidden.

    python benchmarks/chromatic_aberration.py

The images show nothing but a fine texture, so a patch says nothing about its neighbours. Green is a little larger than
red and blue, as behind a lens: the fringes tell where in the image a patch lies, and two places tell the answer.
Writes results/chromatic_aberration.json and docs/methods/chromatic-aberration.svg.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

import record
from lessup import training
from lessup.methods.context_prediction import ContextPrediction, cpu
from lessup.report import png
from lessup.transforms.draws import Draws

SIDE = 64
"""Pixels of an image."""

FINER = 2
"""Textures are made so many times finer and then sampled, so that no place is smoother than another."""

COARSENESS = 1.5
"""Standard deviation, in pixels, of the blur that makes a texture of noise; far less than the gap between patches."""

MAGNIFIED = 0.025
"""Green is larger by this share: up to 0.8 pixels at the middle of an outer patch."""

Fringes = Literal["keep", "drop", "project"]
CHOICES: tuple[Fringes, ...] = ("keep", "drop", "project")
COLOURS = {"keep": "#c0392b", "drop": "#2471a3", "project": "#1e8449"}


def textures(count: int, draws: Draws, *, magnified: float = MAGNIFIED) -> Tensor:
    """Make (B, 3, 64, 64) textures in [0, 1] whose green is magnified about the middle."""
    fine = F.pad(draws.normal(count, 1, SIDE * FINER, SIDE * FINER), (4 * FINER,) * 4, mode="circular")
    reach = torch.arange(-4 * FINER, 4 * FINER + 1) / (FINER * COARSENESS)
    line = torch.exp(-reach.square() / 2)
    line = line / line.square().sum().sqrt()  # unit variance stays
    smooth = F.conv2d(F.conv2d(fine, line.view(1, 1, 1, -1)), line.view(1, 1, -1, 1))
    place = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    grid = torch.stack(torch.meshgrid(place, place, indexing="xy"), 2).expand(count, -1, -1, -1)
    still = F.grid_sample(smooth, 0.95 * grid, align_corners=False)
    green = F.grid_sample(smooth, 0.95 * grid / (1 + magnified), align_corners=False)
    return (0.5 + 0.15 * torch.cat([still, green, still], 1)).clamp(0, 1)


def network(fringes: Fringes, seed: int) -> ContextPrediction:
    """Build a small network with random weights."""
    patches = {"patch": 14, "gap": 8, "jitter": 1, "grid": 3, "smallest": 8, "coarse": 0.0}
    config = replace(cpu().config, layer="conv2", fc6=64, fc7=128, fc8=64, fringes=fringes, **patches)
    method = training.build("context-prediction", config, seed)
    assert isinstance(method, ContextPrediction)
    return method


def learn(fringes: Fringes, steps: int, *, every: int, seed: int = 0) -> Iterator[tuple[int, float]]:
    """Train, and give the accuracy in percent on images never seen, now and then."""
    method = network(fringes, seed).train()
    (optimization,) = method.optimizations(steps).values()
    assert optimization.schedule
    for step in range(steps):
        draws = Draws.at(seed, step)
        (loss,) = method.step(batch(32, draws), draws).players.values()
        optimization.optimizer.zero_grad()
        loss.backward()
        optimization.optimizer.step()
        optimization.schedule.step()
        if (step + 1) % every == 0:
            yield step + 1, accuracy(method)


@torch.no_grad()
def accuracy(method: ContextPrediction) -> float:
    """Return the share of right answers on 256 new images, in percent."""
    method.eval()
    results = []
    for number in range(4):
        draws = Draws.at(-3, number)
        results.append(method.step(batch(64, draws), draws).log["accuracy"].item())
    method.train()
    return sum(results) / len(results)


def batch(count: int, draws: Draws) -> dict[str, Tensor]:
    """Return new images as a batch."""
    return {"image": textures(count, draws), "extent": torch.full((count, 2), SIDE)}


def figure(curves: dict[Fringes, list[tuple[int, float]]]) -> str:
    """Draw three times exaggerated fringes on the left and the curves on the right, as SVG."""
    shown = textures(1, Draws.at(0), magnified=3 * MAGNIFIED)[0]
    pixels = (255 * shown).round().byte().permute(1, 2, 0).numpy().repeat(3, 0).repeat(3, 1)
    steps = max(step for curve in curves.values() for step, _ in curve)

    def at(step: float, percent: float) -> str:
        return f"{290 + 300 * step / steps:.1f},{210 - 1.9 * percent:.1f}"

    parts = [f'<image x="10" y="20" width="190" height="190" href="{png.data_uri(pixels)}"/>']
    parts += ['<text x="10" y="228">fringes, three times as wide</text>']
    for percent in (0, 25, 50, 75, 100):
        x, y = at(0, percent).split(",")
        parts += [f'<text x="{float(x) - 6}" y="{float(y) + 4}" text-anchor="end">{percent} %</text>']
        parts += [f'<line x1="{x}" y1="{y}" x2="590" y2="{y}" stroke="#bbb" stroke-width="0.5"/>']
    parts += [f'<text x="590" y="228" text-anchor="end">{steps} steps</text>']
    chance = at(0, 12.5).split(",")[1]
    parts += [f'<line x1="290" y1="{chance}" x2="590" y2="{chance}" stroke="#555" stroke-dasharray="4"/>']
    for number, (fringes, curve) in enumerate(curves.items()):
        line = " ".join(at(*point) for point in [(0, 12.5), *curve])
        parts += [f'<polyline points="{line}" fill="none" stroke="{COLOURS[fringes]}" stroke-width="2"/>']
        parts += [f'<text x="{300 + 90 * number}" y="14" fill="{COLOURS[fringes]}">{fringes}</text>']
    style = 'font-family="sans-serif" font-size="12" fill="#555"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 610 236" {style}>{"".join(parts)}</svg>\n'


def main() -> None:
    """Train with fringes kept, dropped and projected; write scores and figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200)
    asked = parser.parse_args()
    curves = {fringes: list(learn(fringes, asked.steps, every=max(asked.steps // 20, 1))) for fringes in CHOICES}
    path = record.ROOT / "docs" / "methods" / "chromatic-aberration.svg"
    path.write_text(figure(curves), encoding="utf-8")
    record.write("chromatic_aberration", {"accuracy": {fringes: curve[-1][1] for fringes, curve in curves.items()}})


if __name__ == "__main__":
    main()
