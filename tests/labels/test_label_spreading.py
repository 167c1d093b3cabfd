"""F of the paper, from its closed form in float64."""

import numpy as np
import pytest

from lessup.errors import UsageError
from lessup.labels.label_spreading import LabelSpreading
from lessup.labels.neighbour_graph import neighbour_graph


def problem(seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(60, 3)) + 4 * np.repeat(np.eye(3), 20, axis=0)
    label = np.full(60, -1)
    label[[0, 1, 20, 40]] = 0, 0, 1, 2
    return x, label


def test_values_equal_the_closed_form():
    x, label = problem()
    found = LabelSpreading(alpha=0.9, n_neighbors=8).fit(x, label)
    weight = neighbour_graph(x, 8).weight.toarray()
    root = np.diag(weight.sum(1) ** -0.5)
    given = (label[:, None] == np.arange(3)).astype(float)
    values = 0.1 * np.linalg.inv(np.eye(60) - 0.9 * root @ weight @ root) @ given
    np.testing.assert_allclose(found.label_distributions_, values / values.sum(1, keepdims=True), atol=1e-3)


def test_one_moon_takes_one_label():
    angle = np.linspace(0, np.pi, 100)
    upper, lower = np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([1 - np.cos(angle), 0.4 - np.sin(angle)], 1)
    label = np.full(200, -1)
    label[[10, 150]] = 0, 1
    found = LabelSpreading(n_neighbors=5).fit(np.concatenate([upper, lower]), label)
    assert (found.transduction_ == np.repeat([0, 1], 100)).all()
    assert found.predict([[0.0, 1.0], [1.0, -0.6]]).tolist() == [0, 1]


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.5])
def test_an_alpha_out_of_range_is_refused(alpha):
    with pytest.raises(UsageError, match="wanted above 0 and below 1"):
        LabelSpreading(alpha=alpha).fit(*problem())


def test_samples_that_no_label_reaches_get_the_shares_of_the_labels_and_a_warning():
    x = np.concatenate([np.arange(6.0), 100 + np.arange(6.0), 1000 + np.arange(6.0)])[:, None]
    label = np.full(18, -1)
    label[[0, 1, 6]] = 0, 0, 1
    with pytest.warns(UserWarning, match="6 of 18 samples have no path to a label"):
        found = LabelSpreading(n_neighbors=2).fit(x, label)
    assert found.unreached_.tolist() == [False] * 12 + [True] * 6
    np.testing.assert_allclose(found.label_distributions_[12:], [[2 / 3, 1 / 3]] * 6)


def test_class_masses_equal_the_shares_of_the_labels():
    x, label = problem()
    label[2:9] = 0
    found = LabelSpreading(class_mass_normalization=True, n_neighbors=8).fit(x, label)
    plain = LabelSpreading(n_neighbors=8).fit(x, label).label_distributions_
    free, shares = label < 0, np.array([9, 1, 1]) / 11
    scaled = plain[free] * shares / plain[free].sum(0)
    np.testing.assert_allclose(found.label_distributions_[free], scaled / scaled.sum(1, keepdims=True), atol=1e-6)


def test_many_more_classes_than_neighbours_still_solve():
    x = np.random.default_rng(0).normal(size=(400, 2))
    label = np.where(np.arange(400) < 150, np.arange(400), -1)
    assert len(LabelSpreading(n_neighbors=3).fit(x, label).classes_) == 150


def test_a_width_far_below_all_distances_gives_numbers_still():
    x, label = problem()
    found = LabelSpreading(sigma=1e-6).fit(x, label)
    assert np.isfinite(found.label_distributions_).all()
    np.testing.assert_allclose(found.predict_proba(x + 50).sum(1), 1)
