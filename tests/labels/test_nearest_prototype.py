"""Prototypes are means, and shares a softmax over squared distances."""

import numpy as np
import pytest

from lessup.errors import UsageError
from lessup.labels.nearest_prototype import NearestPrototype


def test_shares_equal_equation_2():
    x = np.array([[0.0, 0], [2, 0], [5, 5], [9, 9]])
    found = NearestPrototype(temperature=1).fit(x, [0, 0, 1, -1])
    np.testing.assert_allclose(found.prototypes_, [[1, 0], [5, 5]])
    distance = np.array([np.square([2 - 1, 1]).sum(), np.square([2 - 5, 1 - 5]).sum()])
    expected = np.exp(-distance) / np.exp(-distance).sum()
    np.testing.assert_allclose(found.predict_proba([[2.0, 1]])[0], expected)


def test_the_cosine_does_not_see_lengths():
    found = NearestPrototype(metric="cosine").fit([[1.0, 0], [0, 100]], ["right", "up"])
    assert found.predict([[900.0, 1], [0.01, 0.02]]).tolist() == ["right", "up"]


@pytest.mark.parametrize("count", [1, 4])
def test_shares_do_not_change_with_the_unit_of_the_features(count):
    x = np.random.default_rng(0).normal(size=(2 * count, 3)) + np.repeat([[0], [2]], count, axis=0)
    label = np.repeat([0, 1], count)
    small = NearestPrototype().fit(x, label).predict_proba(x)
    np.testing.assert_allclose(NearestPrototype().fit(1000 * x, label).predict_proba(1000 * x), small)


@pytest.mark.parametrize("settings", [{"metric": "manhattan"}, {"temperature": 0.0}])
def test_a_setting_out_of_range_is_refused(settings):
    with pytest.raises(UsageError, match="wanted 'euclidean' or 'cosine'"):
        NearestPrototype(**settings).fit(np.eye(2), [0, 1])
