import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf

from lessup.probes.gaussian import Gaussian


@pytest.mark.parametrize(("count", "width"), [(5, 50), (5, 3), (200, 4), (3, 10)])
def test_log_density_is_that_of_scipy_with_the_covariance_of_scikit_learn(count, width):
    random = np.random.default_rng(0)
    mixed = random.normal(size=(width, width))
    x = random.normal(size=(count, width)) @ mixed + 3
    other = random.normal(size=(7, width)) @ mixed
    expected = multivariate_normal(x.mean(0), ledoit_wolf(x)[0]).logpdf(other)
    np.testing.assert_allclose(Gaussian.of(x.astype(np.float32)).log_density(other), expected, rtol=1e-4)


def test_equal_samples_have_a_density_that_is_highest_where_they_are():
    x = np.tile(np.arange(4.0), (5, 1))
    found = Gaussian.of(x).log_density(np.stack([np.arange(4.0), np.arange(4.0) + 0.1]))
    assert np.isfinite(found).all()
    assert found[0] > found[1]
    assert np.isfinite(Gaussian.of(np.zeros((3, 2))).log_density(np.ones((1, 2)))).all()


def test_directions_in_which_the_samples_vary_cost_less():
    x = np.array([[-2.0, 0, 0], [-1, 0, 0], [0, 0, 0], [1, 0, 0], [2, 0, 0]])
    along, across = Gaussian.of(x).log_density(np.array([[2.0, 0, 0], [0, 2.0, 0]]))
    assert along > across
