"""Targets are fitted and read as scikit-learn and plain arithmetic have it."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from lessup.errors import DataError
from lessup.transforms.sound_targets import (
    bits_along,
    cluster_centres,
    nearest_centre,
    normalisation,
    principal_directions,
)
from lessup.transforms.sound_textures import PARTS


@pytest.fixture
def textures():
    random = np.random.default_rng(0)
    size = np.concatenate([np.full(part.stop - part.start, 10.0**n) for n, part in enumerate(PARTS.values())])
    return torch.from_numpy((5 + size * random.normal(size=(60, 502))).astype(np.float32))


def test_statistics_of_every_group_have_mean_0_and_a_variance_of_1_on_average(textures):
    mean, scale = normalisation(textures)
    x = ((textures - mean) / scale).double().numpy()
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-3)
    for part in PARTS.values():
        assert len(np.unique(scale[part])) == 1
        assert x[:, part].var(axis=0).mean() == pytest.approx(1, rel=1e-4)


def test_a_group_that_does_not_vary_stays_finite(textures):
    textures[:, PARTS["loudness"]] = 3
    mean, scale = normalisation(textures)
    assert ((textures - mean) / scale).isfinite().all()
    assert scale[-1] == 1


def test_clusters_are_those_that_the_sounds_were_drawn_from():
    random = np.random.default_rng(1)
    places = random.normal(0, 10, (4, 6))
    truth = random.integers(0, 4, 80)
    x = torch.from_numpy((places[truth] + random.normal(0, 0.1, (80, 6))).astype(np.float32))
    centres = cluster_centres(x, 4, seed=0)
    found = nearest_centre(x, centres).numpy()
    assert len({(a, b) for a, b in zip(truth, found, strict=True)}) == 4, "one cluster for each place"
    for number in range(4):
        np.testing.assert_allclose(centres[number], x[found == number].mean(0), atol=1e-4)
    assert centres.equal(cluster_centres(x, 4, seed=0))
    slow = [int(np.argmin([np.sum((row - centre) ** 2) for centre in centres.numpy()])) for row in x.numpy()]
    assert found.tolist() == slow


def test_bits_are_the_signs_of_principal_components():
    random = np.random.default_rng(2)
    x = random.normal(size=(50, 8)) * np.arange(8, 0, -1)
    x = torch.from_numpy((x - x.mean(0)).astype(np.float32))
    want = PCA(5, svd_solver="full").fit_transform(x.double().numpy())
    directions = principal_directions(x, 5)
    got = (x @ directions.T).numpy()
    np.testing.assert_allclose(np.abs(got), np.abs(want), atol=1e-3)
    np.testing.assert_array_equal(bits_along(x, directions).numpy(), got > 0)
    assert (directions.gather(1, directions.abs().argmax(1, keepdim=True)) > 0).all(), "one sign, on any machine"


def test_too_few_different_sounds_are_an_error_that_says_how_many_there_are():
    x = torch.randn(3, 5).repeat(4, 1)
    with pytest.raises(DataError, match="3 different sounds are too few for 4 clusters: pass --clusters 3"):
        cluster_centres(x, 4, seed=0)
    with pytest.raises(DataError, match="vary along 2 directions; 4 bits need more: pass --bits 2"):
        principal_directions(x - x.mean(0), 4)
