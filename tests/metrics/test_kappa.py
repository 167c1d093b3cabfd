import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lessup.metrics.confusion import confusion
from lessup.metrics.kappa import kappa


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_kappa_equals_scikit_learn(noise):
    draws = np.random.default_rng(0)
    first = draws.integers(0, 4, 500)
    second = np.where(draws.random(500) < noise, draws.integers(0, 4, 500), first)
    assert kappa(confusion(first, second, 4)) == pytest.approx(cohen_kappa_score(first, second))


def test_labellings_without_a_relation_are_near_0_however_large_a_class_is():
    draws = np.random.default_rng(0)
    first, second = (draws.random(20_000) < 0.95 for _ in range(2))
    assert abs(kappa(confusion(first.astype(int), second.astype(int), 2))) < 0.02


@pytest.mark.parametrize("table", [[[7, 0], [0, 0]], [[0, 0], [0, 0]]])
def test_one_label_everywhere_and_nothing_at_all_agree_by_chance_alone(table):
    assert kappa(np.array(table)) == 0


def test_opposite_labellings_are_below_0():
    assert kappa(np.array([[0, 5], [5, 0]])) == -1
