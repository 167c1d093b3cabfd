"""A network that is given nothing but absolute places learns from fringes, and not once they are hidden."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from lessup.transforms.draws import Draws

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(BENCHMARKS))  # it imports its neighbour
    try:
        spec = importlib.util.spec_from_file_location("chromatic_aberration", BENCHMARKS / "chromatic_aberration.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


def test_green_parts_from_red_and_blue_with_the_distance_from_the_middle_alone(script):
    image = script.textures(64, Draws.at(0))
    assert image[:, 0].equal(image[:, 2])
    apart = (image[:, 0] - image[:, 1]).square().mean(0)  # (H, W)
    middle, edge = apart[30:34, 30:34].mean(), torch.cat([apart[:4].flatten(), apart[-4:].flatten()]).mean()
    assert edge > 50 * middle
    contrast = image.std(0)
    torch.testing.assert_close(contrast.mean((1, 2)), torch.full((3,), 0.15), rtol=0.05, atol=0)
    centred = image - 0.5
    across_the_gap = (centred[..., 6:] * centred[..., :-6]).mean() / centred.square().mean()
    assert across_the_gap.abs() < 0.03


@pytest.mark.slow
def test_fringes_are_learned_where_they_are_kept_and_tell_nothing_where_they_are_hidden(script):
    reached = {fringes: [*script.learn(fringes, 60, every=60)][-1][1] for fringes in script.CHOICES}
    assert reached["keep"] > 50
    assert reached["drop"] == pytest.approx(12.5, abs=2.5)
    assert reached["project"] == pytest.approx(12.5, abs=2.5)


def test_the_figure_shows_every_curve(script):
    svg = script.figure({"keep": [(5, 20.0), (10, 90.0)], "drop": [(5, 12.0), (10, 13.0)]})
    assert svg.count("<polyline") == 2
    assert "data:image/png" in svg
