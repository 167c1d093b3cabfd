import pytest

from lessup.metrics.spread import Spread, exceeds_spread


@pytest.mark.parametrize(("mean", "exceeds"), [(65.1, True), (64.9, False), (54.9, True), (55.1, False)])
def test_difference_counts_once_it_is_larger_than_the_root_of_both_variances(mean, exceeds):
    # 3 and 4 are the sides of a triangle whose third side is 5
    assert exceeds_spread(Spread(mean, 3.0, 5), Spread(60.0, 4.0, 3)) is exceeds


def test_order_does_not_matter():
    one, other = Spread(1.0, 0.5, 2), Spread(2.0, 0.1, 2)
    assert exceeds_spread(one, other) == exceeds_spread(other, one)


def test_single_value_has_no_spread_to_exceed():
    assert exceeds_spread(Spread(90.0, 0.0, 1), Spread(10.0, 1.0, 5)) is None
    assert exceeds_spread(Spread(90.0, 1.0, 5), Spread(10.0, 0.0, 1)) is None


def test_equal_means_without_any_spread_do_not_differ():
    assert exceeds_spread(Spread(5.0, 0.0, 3), Spread(5.0, 0.0, 3)) is False
