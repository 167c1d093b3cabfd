"""Labels are held out once each, by an estimator that was not told them."""

from typing import ClassVar

import numpy as np
import pytest
from scipy.optimize import brute
from sklearn.datasets import make_blobs

from lessup.labels.held_out import HeldOut, calibrated, doubtful, held_out, warmed
from lessup.labels.known_labels import known_labels
from lessup.labels.label_spreading import LabelSpreading
from lessup.labels.nearest_prototype import NearestPrototype


class Recorder(NearestPrototype):
    """Remembers what it was told."""

    told: ClassVar[list] = []

    def fit(self, X, y):
        self.told.append(np.asarray(y).copy())
        return super().fit(X, y)


def test_every_label_is_held_out_once_and_every_class_stays():
    x, y = make_blobs(60, 2, centers=3, random_state=0)
    given = np.where(np.arange(60) < 31, y, -1)
    labels = known_labels(given)
    Recorder.told = []
    found = held_out(Recorder, x, labels)
    hidden = [np.flatnonzero((given >= 0) & (told < 0)) for told in Recorder.told]
    assert sorted(np.concatenate(hidden).tolist()) == sorted(found.place.tolist()) == list(range(31))
    assert all(set(told[told >= 0]) == {0, 1, 2} for told in Recorder.told)
    for own, told in zip(hidden, Recorder.told, strict=True):
        expected = NearestPrototype().fit(x, told).predict_proba(x[own])
        place = [found.place.tolist().index(sample) for sample in own]
        np.testing.assert_allclose(found.shares[place], expected)


def test_the_only_label_of_a_class_is_not_held_out():
    x = np.random.default_rng(0).normal(size=(5, 2))
    found = held_out(NearestPrototype, x, known_labels([0, 0, 1, -1, -1]))
    assert sorted(found.place.tolist()) == [0, 1]
    assert np.isnan(held_out(NearestPrototype, x, known_labels([0, 2, 1, -1, -1])).accuracy)


def test_samples_whose_label_is_hidden_still_pass_labels_on():
    x = np.arange(20.0)[:, None] + np.where(np.arange(20) > 9, 100, 0)[:, None]
    found = held_out(lambda: LabelSpreading(n_neighbors=2), x, known_labels([0] * 5 + [-1] * 5 + [1] * 5 + [-1] * 5))
    assert found.accuracy == 1


def test_calibration_equals_a_search_over_all_temperatures():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(200, 3))
    truth = np.array([generator.choice(3, p=np.exp(row) / np.exp(row).sum()) for row in logits])
    sharp = np.exp(3 * logits) / np.exp(3 * logits).sum(1, keepdims=True)
    of = HeldOut(np.arange(200), truth, sharp)
    temperature = calibrated(of)
    best = brute(lambda t: of.log_loss(float(t[0])), [(0.5, 6.0)], Ns=200, finish=None)
    assert temperature == pytest.approx(best, rel=0.1)
    assert 2 < temperature < 4


def test_a_few_labels_that_are_all_right_do_not_make_everything_sure():
    of = HeldOut(np.arange(4), np.array([0, 1, 0, 1]), np.array([[0.7, 0.3], [0.3, 0.7]] * 2))
    assert warmed(of.shares, calibrated(of)).max() < 0.95
    assert calibrated(HeldOut(np.arange(0), np.arange(0), np.zeros((0, 2)))) == 1


def test_a_label_among_samples_of_another_class_is_doubted():
    x, y = make_blobs(60, 2, centers=[[0, 0], [9, 9]], random_state=0)
    wrong = y.copy()
    wrong[[3, 7]] = 1 - y[[3, 7]]
    found = held_out(LabelSpreading, x, known_labels(wrong))
    assert doubtful(found) == {3: y[3], 7: y[7]}
