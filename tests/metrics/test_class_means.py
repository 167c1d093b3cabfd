import numpy as np

from lessup.metrics.class_means import class_means


def test_values_that_were_not_measured_do_not_count():
    values = np.array([1.0, np.nan, np.nan, 4.0])
    assert class_means(values, np.array([0, 0, 1, 2]), ("a", "b", "c")) == {"a": 1.0, "c": 4.0}


def test_truth_values_give_the_share_that_is_true():
    assert class_means(np.array([True, False]), np.array([0, 0]), ("a",)) == {"a": 0.5}


def test_samples_without_a_class_make_one_of_their_own():
    assert class_means(np.array([1.0, 3.0]), np.array([-1, -1]), ("a",)) == {"unlabelled": 2.0}
