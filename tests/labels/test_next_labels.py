"""Samples that are unsure are asked for, and not twice the same."""

import numpy as np

from lessup.labels.next_labels import next_labels


def test_the_unsure_are_asked_for_far_from_one_another():
    generator = np.random.default_rng(0)
    x = np.repeat([[0, 0], [10, 0], [0, 10], [10, 10]], 25, axis=0) + generator.normal(size=(100, 2)) / 10
    shares = np.full((100, 2), [0.99, 0.01])
    shares[50:] = [0.55, 0.45]  # the groups at the top
    known = np.zeros(100, bool)
    known[:5] = True
    chosen = next_labels(x, shares, known, 2)
    assert sorted(chosen // 25) == [2, 3]


def test_no_sample_is_named_twice_nor_one_with_a_label():
    x = np.random.default_rng(0).normal(size=(12, 3))
    known = np.arange(12) < 8
    chosen = next_labels(x, np.full((12, 2), 0.5), known, 10)
    assert sorted(chosen.tolist()) == [8, 9, 10, 11]
    assert len(next_labels(x, np.full((12, 2), 0.5), np.ones(12, bool), 3)) == 0


def test_equal_samples_are_named_after_all_others():
    x = np.array([[0.0], [0.0], [0.0], [5.0], [9.0]])
    chosen = next_labels(x, np.full((5, 2), 0.5), np.zeros(5, bool), 3, neighbors=2)
    assert len(set(x[chosen, 0])) == 3
