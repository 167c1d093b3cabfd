"""Filters answer as a plain convolution does, and to what they were made for."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

from lessup.transforms.textons import NUM_FILTERS, filter_responses, leung_malik_filters, texton_histograms


def test_filters_are_as_many_as_published_and_of_one_weight():
    filters = leung_malik_filters()
    assert filters.shape == (NUM_FILTERS, 49, 49) == (48, 49, 49)
    torch.testing.assert_close(filters.abs().sum((1, 2)), torch.ones(48))
    torch.testing.assert_close(filters[:44].sum((1, 2)), torch.zeros(44), atol=1e-5, rtol=0)
    torch.testing.assert_close(filters[44:].sum((1, 2)), torch.ones(4))


def test_answers_equal_a_plain_correlation():
    image = torch.rand(2, 3, 30, 41, generator=torch.Generator().manual_seed(0))
    found = filter_responses(image)
    grey = image.double().mean(1).numpy()
    grey = (grey - grey.mean((1, 2), keepdims=True)) / grey.std((1, 2), keepdims=True)
    for number in (0, 7, 20, 38, 47):
        expected = np.stack([correlate(one, leung_malik_filters()[number].double(), mode="mirror") for one in grey])
        np.testing.assert_allclose(found[:, number], expected, atol=1e-5)


@pytest.mark.parametrize("number", range(6))
def test_the_edge_of_an_orientation_excites_its_own_filter_most(number):
    angle = math.pi * number / 6
    down, right = torch.meshgrid(*[torch.arange(61.0) - 30] * 2, indexing="ij")
    edge = (down * math.cos(angle) - right * math.sin(angle) > 0).float()
    answers = filter_responses(edge[None, None])[0, :, 30, 30].abs()
    for first in (0, 6, 12):  # the edges of each scale
        assert answers[first : first + 6].argmax() == number


def test_histograms_equal_a_loop():
    generator = torch.Generator().manual_seed(0)
    image, textons = torch.rand(2, 1, 25, 26, generator=generator), 0.1 * torch.randn(5, 48, generator=generator)
    answers = filter_responses(image)
    for one, found in zip(answers, texton_histograms(image, textons), strict=True):
        counts = np.zeros(5)
        for row in range(25):
            for column in range(26):
                counts[((textons - one[:, row, column]) ** 2).sum(1).argmin()] += 1
        np.testing.assert_allclose(found, counts / (25 * 26), atol=1e-6)
