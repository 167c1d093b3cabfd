"""Self-training helps where it can, and gives way where it would not."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine, make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from lessup.errors import UsageError
from lessup.labels import self_training as module
from lessup.labels.self_training import SelfTraining


def given(label, count, seed):
    order = np.random.default_rng(seed).permutation(len(label))
    chosen = np.concatenate([order[label[order] == number][:count] for number in np.unique(label)])
    known = np.full(len(label), -1)
    known[chosen] = label[chosen]
    return known


def test_on_digits_with_two_labels_a_class_it_is_not_far_below_its_base_classifier():
    x, y = load_digits(return_X_y=True)
    gains = []
    for seed in range(3):
        known = given(y, 2, seed)
        found, base = SelfTraining().fit(x, known), SelfTraining(rounds=0).fit(x, known)
        gains.append((found.predict(x) == y).mean() - (base.predict(x) == y).mean())
    assert min(gains) > -0.05
    assert np.mean(gains) > 0


def test_features_are_standardised_by_all_samples_so_that_their_units_do_not_matter_with_one_label_a_class():
    x, y = load_wine(return_X_y=True)
    known = given(y, 1, 0)
    found = SelfTraining().fit(x, known)
    assert (found.predict(x) == y).mean() > 0.9
    np.testing.assert_array_equal(
        SelfTraining().fit(x * np.arange(1, 14), known).predict(x * np.arange(1, 14)), found.predict(x)
    )


def test_labels_given_stay_and_all_others_are_made():
    x, y = make_blobs(90, 2, centers=3, cluster_std=0.5, random_state=1)
    known = given(y, 3, 0)
    known[0] = (y[0] + 1) % 3  # a label that is wrong
    found = SelfTraining(GaussianNB(), rounds=3).fit(x, known)
    assert (found.transduction_[known >= 0] == known[known >= 0]).all()
    assert (found.transduction_ >= 0).all()


def test_the_guard_keeps_the_base_classifier_where_the_rounds_lose_given_labels(monkeypatch):
    x, y = make_blobs(60, 2, centers=2, random_state=0)
    monkeypatch.setattr(module.SelfTraining, "_worse", lambda *_: True)
    found = SelfTraining(LogisticRegression()).fit(x, given(y, 5, 0))
    assert found.kept_base_
    base = LogisticRegression().fit(x[given(y, 5, 0) >= 0], y[given(y, 5, 0) >= 0])
    np.testing.assert_allclose(found.predict_proba(x), base.predict_proba(x))


def test_no_class_takes_more_than_its_first_share_allows():
    shares = np.array([[0.9, 0.1]] * 8 + [[0.2, 0.8]] * 2)
    taken = module._surest(shares, 1.0, np.array([0.5, 0.5]))
    assert taken.tolist() == [0, 1, 2, 3, 4, 8, 9]
    assert module._surest(shares, 0.5, np.ones(2)).tolist() == [0, 1, 2, 3, 8]


@pytest.mark.parametrize("settings", [{"rounds": -1}, {"most_drift": 0.5}])
def test_a_setting_out_of_range_is_refused(settings):
    with pytest.raises(UsageError, match="wanted 0 or more, and 1 or more"):
        SelfTraining(**settings).fit(np.eye(2), [0, 1])


def test_no_rounds_learn_from_the_labels_given_alone():
    x, y = make_blobs(60, 2, centers=2, random_state=0)
    known = given(y, 5, 0)
    base = LogisticRegression().fit(x[known >= 0], known[known >= 0])
    found = SelfTraining(LogisticRegression(), rounds=0).fit(x, known)
    np.testing.assert_allclose(found.predict_proba(x), base.predict_proba(x))
    assert not found.kept_base_
