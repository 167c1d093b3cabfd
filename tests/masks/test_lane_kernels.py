"""Eight floats at once give what numpy gives."""

import numpy as np
import pytest
from numba import njit

from lessup.masks import lane_kernels as lanes

add, add_product, exponential, larger = lanes.add, lanes.add_product, lanes.exponential, lanes.larger
largest, load, spread, store, total = lanes.largest, lanes.load, lanes.spread, lanes.store, lanes.total


@njit
def computed(left, right, result):
    one, other = load(left, 3), load(right, 1)
    store(result, 0, add(one, other))
    store(result, 8, add_product(one, other, spread(np.float32(0.5))))
    store(result, 16, larger(one, other))
    return largest(one), total(one)


@njit
def powers(exponent, result):
    for at in range(0, len(exponent), 8):
        store(result, at, exponential(load(exponent, at)))


@pytest.mark.parametrize("place", range(8))
def test_every_lane_is_computed_as_by_numpy(place):
    generator = np.random.default_rng(place)
    left, right = generator.standard_normal((2, 16), np.float32)
    left[3 + place] += 10  # the largest, wherever it is
    result = np.zeros(32, np.float32)
    most, whole = computed(left, right, result)
    one, other = left[3:11], right[1:9]
    wanted = [one + other, one * other + np.float32(0.5), np.maximum(one, other), np.zeros(8)]
    np.testing.assert_allclose(result, np.concatenate(wanted), rtol=1e-6, atol=1e-7)
    assert most == one.max()
    assert whole == pytest.approx(one.sum(), rel=1e-5)


def test_powers_of_e_are_exact_to_a_millionth():
    exponent = np.linspace(-80, 5, 8000, dtype=np.float32)
    result = np.empty_like(exponent)
    powers(exponent, result)
    np.testing.assert_allclose(result, np.exp(exponent.astype(np.float64)), rtol=1e-6)


def test_powers_too_small_to_count_are_0():
    result = np.ones(8, np.float32)
    powers(np.array([-80.01, -90, -1e4, -1e30, -np.inf, 0, -80, -81], np.float32), result)
    assert (result[[0, 1, 2, 3, 4, 7]] == 0).all()
    assert (result[[5, 6]] > 0).all()
