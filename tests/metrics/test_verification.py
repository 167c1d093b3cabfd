import numpy as np
import pytest
from sklearn.metrics import roc_curve

from lessup.metrics.verification import error_rates


@pytest.fixture(params=[0, 1, 2])
def claims(request):
    random = np.random.default_rng(request.param)
    different = random.random(300) < 0.7
    distance = random.normal(size=300) + different
    return (distance.round(1) if request.param == 2 else distance), different  # round ones are often equal


def test_error_rates_are_those_of_scikit_learn(claims):
    distance, different = claims
    rates = error_rates(distance, different)
    accepted, kept, _ = roc_curve(~different, -distance, drop_intermediate=False)
    np.testing.assert_allclose(rates.false_accept, accepted, atol=1e-12)
    np.testing.assert_allclose(rates.false_reject, 1 - kept, atol=1e-12)


def test_error_rates_are_those_of_a_loop_over_thresholds(claims):
    distance, different = claims
    rates = error_rates(distance, different)
    for place, threshold in enumerate([-np.inf, *np.unique(distance)]):
        accepted = [d <= threshold for d in distance]
        false_accept = sum(a and y for a, y in zip(accepted, different, strict=True)) / different.sum()
        false_reject = sum(not a and not y for a, y in zip(accepted, different, strict=True)) / (~different).sum()
        assert rates.false_accept[place] == pytest.approx(false_accept)
        assert rates.false_reject[place] == pytest.approx(false_reject)


@pytest.mark.parametrize("level", [0.0, 0.05, 0.1, 0.5, 1.0])
def test_false_rejects_at_a_level_are_the_least_of_all_thresholds_that_keep_it(claims, level):
    distance, different = claims
    least = min(
        np.mean(distance[~different] > threshold)
        for threshold in [-np.inf, *distance]
        if np.mean(distance[different] <= threshold) <= level
    )
    assert error_rates(distance, different).false_reject_at(level) == pytest.approx(least)


def test_equal_error_rate_lies_where_the_lines_between_thresholds_cross(claims):
    rates = error_rates(*claims)
    fine = np.linspace(0, len(rates.false_accept) - 1, 2_000_001)
    places = np.arange(len(rates.false_accept))
    accept, reject = (np.interp(fine, places, each) for each in (rates.false_accept, rates.false_reject))
    nearest = np.argmin(np.abs(accept - reject))
    assert rates.equal == pytest.approx(accept[nearest], abs=1e-4)


def test_what_is_told_apart_has_no_errors_and_what_is_told_the_wrong_way_has_all():
    different = np.array([False, False, True, True])
    assert error_rates(np.array([1.0, 2, 3, 4]), different).equal == 0
    assert error_rates(np.array([1.0, 2, 3, 4]), different).false_reject_at(0) == 0
    assert error_rates(np.array([3.0, 4, 1, 2]), different).equal == 1


def test_distances_that_are_all_equal_are_a_guess():
    assert error_rates(np.ones(6), np.array([True] * 4 + [False] * 2)).equal == 0.5
