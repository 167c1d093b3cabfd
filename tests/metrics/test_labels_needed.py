import math

import numpy as np
import pytest

from lessup.metrics.labels_needed import labels_needed


def test_a_score_between_two_numbers_of_labels_lies_on_a_line_over_their_logarithm():
    """From 4 to 16 labels the score rises by 10: half of it is reached at the geometric mean, 8."""
    assert labels_needed([1, 4, 16], [10.0, 20.0, 30.0], 25.0) == pytest.approx(8)
    wanted = np.exp(np.interp(12.5, [10, 20], np.log([1, 4])))
    assert labels_needed([1, 4, 16], [10.0, 20.0, 30.0], 12.5) == pytest.approx(wanted)


def test_a_score_that_was_measured_is_reached_with_its_own_labels():
    assert labels_needed([1, 5, 10], [10.0, 20.0, 30.0], 20.0) == 5
    assert labels_needed([1, 5, 10], [10.0, 20.0, 30.0], 30.0) == 10


def test_a_curve_that_starts_higher_needs_its_first_number_of_labels():
    assert labels_needed([3, 5], [50.0, 60.0], 20.0) == 3


def test_a_score_that_is_never_reached_needs_infinitely_many():
    assert labels_needed([1, 5], [10.0, 20.0], 20.1) == math.inf


def test_a_curve_that_falls_again_counts_from_where_it_first_reaches_the_score():
    assert labels_needed([1, 10, 100, 1000], [10.0, 30.0, 20.0, 40.0], 30.0) == 10
