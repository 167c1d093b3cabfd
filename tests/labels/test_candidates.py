"""The choice among estimators is that of the labels held out."""

import numpy as np
from sklearn.datasets import make_blobs, make_moons

from lessup.labels import candidates as module
from lessup.labels.candidates import CANDIDATES, choice
from lessup.labels.known_labels import known_labels


def test_on_moons_with_few_labels_spreading_is_chosen_before_straight_boundaries():
    x, y = make_moons(300, noise=0.05, random_state=0)
    order = np.concatenate([np.flatnonzero(y == number)[::20] for number in (0, 1)])
    given = np.full(300, -1)
    given[order] = y[order]
    found = choice(x, known_labels(given))
    assert found.name.startswith("label-")
    assert set(found.tried) == set(CANDIDATES)
    assert found.of.accuracy == max(of.accuracy for of in found.tried.values())
    assert (found.build().fit(x, given).transduction_ == y).mean() > 0.95


def test_where_nothing_can_be_held_out_the_first_is_taken():
    x, y = make_blobs(20, 2, centers=2, random_state=0)
    given = np.full(20, -1)
    given[[np.flatnonzero(y == 0)[0], np.flatnonzero(y == 1)[0]]] = 0, 1
    assert choice(x, known_labels(given)).name == next(iter(CANDIDATES))


def test_the_machine_whose_time_grows_with_the_square_is_left_out_where_samples_are_many(monkeypatch):
    monkeypatch.setattr(module, "MOST_FOR_KERNELS", 10)
    x, y = make_blobs(20, 2, centers=2, random_state=0)
    assert "transductive-svm" not in choice(x, known_labels(y)).tried
    assert list(choice(x, known_labels(y), ("transductive-svm",)).tried) == ["transductive-svm"]
