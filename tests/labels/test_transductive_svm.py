"""The boundary goes where no sample lies, and switching pairs never raises the objective."""

import itertools

import numpy as np
import pytest
from sklearn.svm import SVC

from lessup.errors import UsageError
from lessup.labels.transductive_svm import TransductiveSVM, switchable


def two_bands(seed=0):
    generator = np.random.default_rng(seed)
    x = np.stack([generator.uniform(-2, 2, 80), np.repeat([-1, 1], 40) + generator.normal(0, 0.1, 80)], 1)
    label = np.full(80, -1)
    # Labels apart along the bands as well: the boundary between them alone would be slanted.
    left, right = np.argmin(np.abs(x[:40, 0] + 0.6)), 40 + np.argmin(np.abs(x[40:, 0] - 0.6))
    label[left], label[right] = 0, 1
    return x, label


def test_the_boundary_turns_to_the_gap():
    x, label = two_bands()
    truth = np.repeat([0, 1], 40)
    alone = SVC(kernel="linear").fit(x[label >= 0], label[label >= 0])
    assert (alone.predict(x) == truth).mean() < 0.98
    found = TransductiveSVM().fit(x, label)
    assert (found.transduction_ == truth).all()
    assert (found.predict(x) == truth).all()


def test_switchable_equals_a_search_of_all_pairs():
    generator = np.random.default_rng(0)
    side, decision = generator.choice([-1, 1], 30), generator.normal(0, 1, 30)
    slack = np.maximum(0, 1 - side * decision)
    allowed = {
        (i, j)
        for i, j in itertools.permutations(range(30), 2)
        if side[i] > 0 > side[j] and slack[i] > 0 and slack[j] > 0 and slack[i] + slack[j] > 2
    }
    found = [tuple(pair) for pair in switchable(side, decision).tolist()]
    assert found
    assert set(found) <= allowed
    assert len(set(itertools.chain(*found))) == 2 * len(found)
    left = [pair for pair in allowed if not set(pair) & set(itertools.chain(*found))]
    assert not left  # what is not taken shares a sample with what is


def test_the_share_of_each_side_is_that_of_the_labels():
    generator = np.random.default_rng(1)
    x = generator.normal(size=(60, 2))
    label = np.full(60, -1)
    label[:4] = 1, 0, 0, 0
    found = TransductiveSVM().fit(x, label)
    decided = found.machines_[0].decision_function(x[4:]) > 0
    assert abs(decided.mean() - 0.25) < 0.15


@pytest.mark.parametrize("settings", [{"C": 0.0}, {"C_unlabelled": -1.0}, {"kernel": "poly"}])
def test_a_setting_out_of_range_is_refused(settings):
    with pytest.raises(UsageError, match="wanted above 0, and 'linear' or 'rbf'"):
        TransductiveSVM(**settings).fit(np.eye(2), [0, 1])
