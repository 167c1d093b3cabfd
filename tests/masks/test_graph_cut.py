"""The cut is the cheapest of all divisions, and colours are learnt where the saliency says."""

import itertools
import math
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from lessup.errors import DataError, MissingExtraError, ShapeError, UsageError
from lessup.masks.components import bounding_box
from lessup.masks.graph_cut import (
    NEIGHBOURS,
    GraphCutConfig,
    border_costs,
    colour_cost,
    cut,
    evidence,
    graph_cut,
)

needs_maxflow = pytest.mark.skipif(find_spec("maxflow") is None, reason="PyMaxflow is not installed")


def disc(size=(40, 50), centre=(18, 22), radius=9):
    """Return an image of a noisy red disc on noisy green, and where the disc is."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    pixels = np.where(inside[..., None], [200, 60, 50], [60, 140, 70])
    noise = np.random.default_rng(0).normal(0, 12, pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8), inside


def total_cost(foreground, foreground_cost, background_cost, borders):
    """Sum the costs of one division, pixel by pixel and pair by pair."""
    height, width = foreground.shape
    total = 0.0
    for y in range(height):
        for x in range(width):
            total += foreground_cost[y, x] if foreground[y, x] else background_cost[y, x]
            for down, across in NEIGHBOURS:
                if y + down < height and 0 <= x + across < width:
                    differ = foreground[y, x] != foreground[y + down, x + across]
                    total += borders[down, across][y, x] * differ
    return total


@needs_maxflow
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (1, 5), (5, 1), (1, 1)])
@pytest.mark.parametrize("border", [0.0, 0.7, 30.0])
def test_the_cut_is_the_cheapest_of_all_divisions(shape, border):
    draws = np.random.default_rng(0)
    costs = draws.normal(0, 2, (2, *shape))
    borders = border_costs(draws.integers(0, 256, (*shape, 3)), border)
    found = cut(costs[0], costs[1], borders)
    divisions = (np.reshape(bits, shape) for bits in itertools.product([False, True], repeat=math.prod(shape)))
    cheapest = min(total_cost(one, costs[0], costs[1], borders) for one in divisions)
    assert total_cost(found, costs[0], costs[1], borders) == pytest.approx(cheapest, abs=1e-9)


@needs_maxflow
def test_without_a_border_every_pixel_takes_its_cheaper_side():
    costs = np.random.default_rng(0).normal(0, 1, (2, 6, 7))
    borders = border_costs(np.zeros((6, 7, 1)), 0.0)
    assert (cut(costs[0], costs[1], borders) == (costs[0] < costs[1])).all()


@needs_maxflow
def test_a_constant_added_to_both_costs_of_a_pixel_changes_nothing():
    draws = np.random.default_rng(0)
    costs, shift = draws.normal(0, 2, (2, 6, 7)), draws.normal(0, 50, (6, 7))
    borders = border_costs(draws.integers(0, 256, (6, 7, 3)), 1.0)
    assert (cut(costs[0] + shift, costs[1] + shift, borders) == cut(costs[0], costs[1], borders)).all()


def test_border_costs_equal_plain_loops():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3))
    squares = {}
    for y, x in itertools.product(range(4), range(5)):
        for down, across in NEIGHBOURS:
            if y + down < 4 and 0 <= x + across < 5:
                there = pixels[y + down, x + across]
                squares[y, x, down, across] = sum(
                    (int(a) - int(b)) ** 2 for a, b in zip(pixels[y, x], there, strict=True)
                )
    unit = 2 * sum(squares.values()) / len(squares)
    found = border_costs(pixels, 3.0)
    for y, x in itertools.product(range(4), range(5)):
        for down, across in NEIGHBOURS:
            square = squares.get((y, x, down, across), math.inf)
            wanted = 3.0 * math.exp(-square / unit) / math.sqrt(down**2 + across**2)
            assert found[down, across][y, x] == pytest.approx(wanted)


def test_borders_cost_the_full_price_everywhere_in_an_image_of_one_colour():
    found = border_costs(np.full((2, 3, 3), 9, np.uint8), 50.0)
    assert found[0, 1].tolist() == [[50, 50, 0], [50, 50, 0]]
    assert found[1, -1][0].tolist() == pytest.approx([0, 50 / math.sqrt(2), 50 / math.sqrt(2)])


def test_evidence_lies_above_and_below_the_quantiles():
    saliency = np.random.default_rng(0).permutation(100).reshape(10, 10) / 7
    foreground, background = evidence(saliency)
    assert sorted(saliency[foreground] * 7) == pytest.approx([95, 96, 97, 98, 99])
    assert sorted(saliency[background] * 7) == pytest.approx(range(30))


def test_evidence_does_not_change_with_the_scale_of_the_saliency():
    saliency = np.random.default_rng(0).random((10, 10))
    for first, second in zip(evidence(saliency), evidence(5e3 * saliency - 7), strict=True):
        assert (first == second).all()


def test_a_single_pixel_of_saliency_is_the_foreground_and_all_else_background():
    saliency = np.zeros((20, 20))
    saliency[3, 4] = 1e-3
    foreground, background = evidence(saliency)
    assert np.argwhere(foreground).tolist() == [[3, 4]]
    assert (background == ~foreground).all()


def test_colour_cost_of_one_gaussian_is_minus_its_log_density():
    draws = np.random.default_rng(0)
    pixels, known = draws.normal(100, 30, (8, 9, 3)), draws.random((8, 9)) < 0.5
    colours = pixels[known]
    variance = np.cov(colours.T, bias=True) + np.eye(3)
    wanted = -multivariate_normal(colours.mean(0), variance).logpdf(pixels)
    found = colour_cost(pixels, known, GraphCutConfig(num_gaussians=1))
    np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_colours_may_be_fewer_than_gaussians(count):
    pixels = np.full((5, 5, 3), 40, np.uint8)
    pixels[0, 0] = 200
    known = np.zeros((5, 5), bool)
    known.flat[:count] = True
    cost = colour_cost(pixels, known)
    assert np.isfinite(cost).all()
    assert cost[0, 0] < 10


@needs_maxflow
def test_a_map_that_lights_up_a_part_of_a_disc_gives_the_disc():
    pixels, inside = disc()
    rows, columns = np.mgrid[:40, :50]
    saliency = np.exp(-((rows - 15) ** 2 + (columns - 25) ** 2) / 40)
    found = graph_cut(pixels, saliency)
    assert (found == inside).mean() > 0.995
    assert (saliency >= np.quantile(saliency, 0.95))[inside].mean() < 0.5
    np.testing.assert_allclose(bounding_box(found), [13, 9, 32, 28], atol=1)


@needs_maxflow
def test_the_same_image_gives_the_same_mask():
    pixels, inside = disc()
    saliency = inside * np.random.default_rng(1).random(inside.shape)
    assert (graph_cut(pixels, saliency) == graph_cut(pixels, saliency)).all()


@needs_maxflow
def test_of_two_alike_objects_the_larger_is_kept():
    large, small = disc(centre=(18, 14), radius=9), disc(centre=(18, 38), radius=6)
    pixels = np.where(small[1][..., None], small[0], large[0])
    found = graph_cut(pixels, (large[1] | small[1]).astype(float))
    assert (found == large[1]).mean() > 0.995


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_saliency_that_is_the_same_everywhere_gives_no_object(value):
    assert not graph_cut(disc()[0], np.full((40, 50), value)).any()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2, 3), (2, 1, 1)])
@needs_maxflow
def test_images_of_a_pixel_or_two_pass(shape):
    found = graph_cut(np.zeros(shape, np.uint8), np.arange(shape[0] * shape[1]).reshape(shape[:2]) / 2)
    assert found.shape == shape[:2]


def test_maps_of_another_size_are_refused():
    with pytest.raises(ShapeError, match=r"\(40, 50, 3\) and saliency \(50, 40\)"):
        graph_cut(disc()[0], np.zeros((50, 40)))


def test_saliency_that_is_not_finite_is_refused():
    saliency = np.zeros((40, 50))
    saliency[0, 0] = np.nan
    with pytest.raises(DataError, match="wanted finite ones"):
        graph_cut(disc()[0], saliency)


@pytest.mark.parametrize(
    "setting",
    [{"foreground_quantile": 0.2}, {"background_quantile": -0.1}, {"num_gaussians": 0}, {"border": math.inf}],
)
def test_settings_without_a_meaning_are_refused(setting):
    with pytest.raises(UsageError, match="wanted"):
        GraphCutConfig(**setting)


def test_missing_pymaxflow_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "maxflow", None)
    with pytest.raises(MissingExtraError, match=r"lessup\[masks\]"):
        graph_cut(disc()[0], disc()[1].astype(float))
