"""Each step of the saliency equals its equation in plain loops, and the map finds what stands out."""

import itertools
import math

import numpy as np
import pytest

from lessup.errors import DataError, ShapeError, UsageError
from lessup.masks.saliency import (
    SaliencyConfig,
    background_contrast,
    background_probability,
    foreground,
    neighbours,
    on_rim,
    optimised,
    oracle,
    part_means,
    saliency,
    superpixels,
)

PARTS = np.array([[0, 0, 1, 1, 2], [0, 3, 3, 1, 2], [4, 3, 5, 5, 2], [4, 4, 4, 6, 6]])


def differences(count=7, seed=0):
    """Return symmetric differences of colours, some of them larger than the way around."""
    colour = np.random.default_rng(seed).normal(0, 12, (count, 3))
    return np.linalg.norm(colour[:, None] - colour, axis=2)


def disc(size=(160, 200), centre=(80, 100), radius=44, colours=((210, 60, 40), (60, 110, 160))):
    """Return an image of a noisy disc and where it is."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    noise = np.random.default_rng(0).normal(0, 8, (*size, 3))
    return (np.where(inside[..., None], *colours) + noise).clip(0, 255).astype(np.uint8), inside


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_parts_and_their_rim_are_found_by_hand():
    assert on_rim(PARTS).tolist() == [True, True, True, False, True, False, True]
    touching = {(0, 1), (0, 3), (0, 4), (1, 2), (1, 3), (1, 5), (2, 5), (2, 6), (3, 4), (3, 5), (4, 5), (4, 6), (5, 6)}
    found = {(int(a), int(b)) for a, b in np.argwhere(neighbours(PARTS)) if a < b}
    assert found == touching
    assert (neighbours(PARTS) == neighbours(PARTS).T).all()


def test_part_means_equal_plain_loops():
    values = np.random.default_rng(0).normal(size=(4, 5, 2))
    wanted = [values[number == PARTS].mean(axis=0) for number in range(7)]
    np.testing.assert_allclose(part_means(PARTS, values), wanted)


def test_background_probability_equals_plain_loops():
    difference, near, rim = differences(), neighbours(PARTS), on_rim(PARTS)
    way = np.where(near | (rim[:, None] & rim), difference, math.inf)
    np.fill_diagonal(way, 0)
    for over, start, end in itertools.product(range(7), repeat=3):  # Floyd and Warshall
        way[start, end] = min(way[start, end], way[start, over] + way[over, end])
    for part, found in enumerate(background_probability(difference, near, rim)):
        alike = [math.exp(-(way[part, other] ** 2) / (2 * 10**2)) for other in range(7)]
        length = sum(alike[other] for other in range(7) if rim[other])
        connectivity = length / math.sqrt(sum(alike))
        assert found == pytest.approx(1 - math.exp(-(connectivity**2) / 2))


def test_background_contrast_equals_plain_loops():
    difference, distance = differences(), differences(seed=1) / 40
    background = np.random.default_rng(2).random(7)
    contrast = [
        sum(difference[p, q] * math.exp(-(distance[p, q] ** 2) / (2 * 0.25**2)) * background[q] for q in range(7))
        for p in range(7)
    ]
    wanted = [(value - min(contrast)) / (max(contrast) - min(contrast)) for value in contrast]
    np.testing.assert_allclose(background_contrast(difference, distance, background), wanted)


def test_no_other_saliency_costs_less():
    difference, near = differences(), neighbours(PARTS)
    background, contrast = np.random.default_rng(0).random((2, 7))

    def cost(values):
        total = sum(background[p] * values[p] ** 2 + contrast[p] * (values[p] - 1) ** 2 for p in range(7))
        for p, q in itertools.combinations(range(7), 2):
            if near[p, q]:
                pull = math.exp(-(difference[p, q] ** 2) / (2 * 10**2)) + 0.1
                total += pull * (values[p] - values[q]) ** 2
        return total

    found = optimised(difference, near, background, contrast)
    assert found.max() == 1
    scales = np.linspace(0.3, 1, 7001)
    best = found * scales[np.argmin([cost(found * scale) for scale in scales])]
    draws = np.random.default_rng(1)
    assert all(cost(best) <= cost(best + draws.normal(0, 0.01, 7)) + 1e-7 for _ in range(200))


@pytest.mark.parametrize("centre", [(80, 100), (124, 100), (80, 30)])
def test_a_disc_is_salient_even_where_the_rim_cuts_it_off(centre):
    pixels, inside = disc(centre=centre)
    found = saliency(pixels)
    assert found.max() == 1
    assert found.min() >= 0
    assert overlap(foreground(found), inside) > 0.9


def test_brightness_and_which_of_two_colours_is_the_object_do_not_matter():
    pixels, inside = disc(colours=((60, 110, 160), (210, 60, 40)))
    assert overlap(foreground(saliency(pixels)), inside) > 0.9
    assert overlap(foreground(saliency(pixels // 2)), inside) > 0.9


def test_a_mirrored_image_has_nearly_the_mirrored_map():
    pixels, _ = disc(centre=(80, 70))
    assert np.abs(saliency(pixels[:, ::-1].copy())[:, ::-1] - saliency(pixels)).mean() < 0.05


def test_a_grey_image_equals_its_three_equal_channels():
    grey = disc()[0][:, :, :1]
    assert (saliency(grey) == saliency(np.repeat(grey, 3, axis=2))).all()


@pytest.mark.parametrize("shape", [(30, 40, 3), (40, 48, 3), (1, 1, 3), (1, 7, 1), (2, 1, 3)])
def test_an_image_of_one_colour_has_nothing_salient(shape):
    found = saliency(np.full(shape, 90, np.uint8))
    assert found.shape == shape[:2]
    assert not found.any()
    assert not foreground(found).any()


@pytest.mark.parametrize("size", [(1, 2), (2, 2), (3, 40), (16, 1)])
def test_small_and_narrow_images_pass(size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    found = saliency(pixels)
    assert np.isfinite(found).all()
    assert superpixels(pixels)[0].max() < size[0] * size[1]


def test_an_object_of_one_pixel_is_defined():
    pixels = np.full((40, 40, 3), 90, np.uint8)
    pixels[20, 20] = 255
    found = saliency(pixels)
    assert np.isfinite(found).all()
    assert found[20, 20] == found.max()


def test_foreground_reaches_from_half_the_maximum_on():
    assert foreground(np.array([[0.05, 0.1, 0.2]])).tolist() == [[False, True, True]]
    assert foreground(np.array([[0.05, 0.1, 0.2]]), share=0.9).tolist() == [[False, False, True]]
    assert not foreground(np.zeros((2, 3))).any()


def test_the_oracle_is_every_class_and_nothing_that_is_not_counted():
    assert oracle(np.array([[0, 1, 7, -1]])).tolist() == [[False, True, True, False]]


def test_other_images_are_refused():
    with pytest.raises(DataError, match="5 channels came"):
        saliency(np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(ShapeError, match="wanted uint8"):
        saliency(np.zeros((4, 4, 3)))
    with pytest.raises(ShapeError, match="each at least 1"):
        saliency(np.zeros((0, 4, 3), np.uint8))


def test_settings_without_a_meaning_are_refused():
    with pytest.raises(UsageError, match="sigma_rim = 0"):
        SaliencyConfig(sigma_rim=0)
