"""Label propagation ends where the paper's iteration ends."""

import numpy as np

from lessup.labels.label_propagation import LabelPropagation
from lessup.labels.neighbour_graph import neighbour_graph


def test_values_equal_those_of_the_iteration_with_clamped_labels():
    x = np.random.default_rng(0).normal(size=(50, 2)) + 3 * np.repeat([[0, 0], [1, 1]], 25, axis=0)
    label = np.full(50, -1)
    label[[0, 30]] = 0, 1
    found = LabelPropagation(n_neighbors=6).fit(x, label)
    weight = neighbour_graph(x, 6).weight.toarray()
    given = (label[:, None] == np.arange(2)).astype(float)
    values, step = given.copy(), weight / weight.sum(1, keepdims=True)
    for _ in range(20_000):
        values = step @ values
        values[label >= 0] = given[label >= 0]
    np.testing.assert_allclose(found.label_distributions_, values, atol=1e-3)


def test_a_label_that_was_given_stays():
    x = np.concatenate([np.zeros((10, 1)), np.ones((10, 1))]) + np.linspace(0, 0.1, 20)[:, None]
    label = np.full(20, -1)
    label[[0, 1, 2, 3, 5, 15]] = 0, 0, 0, 0, 1, 1  # sample 5 lies among class 0
    found = LabelPropagation(n_neighbors=19).fit(x, label)
    assert found.transduction_[5] == 1


def test_everything_labelled_stays_as_it_is():
    label = np.array([0, 1, 0, 1])
    assert LabelPropagation().fit(np.eye(4), label).transduction_.tolist() == label.tolist()
