import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from lessup.probes.logistic import logistic
from lessup.probes.spaces import Products, Vectors


def samples(num=120, width=6, num_classes=3, seed=0):
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(num_classes, width))
    label = generator.integers(0, num_classes, num)
    return centres[label] + generator.normal(size=(num, width)), label


def one_hot(label, num_classes=3):
    return (label[:, None] == np.arange(num_classes)).astype(np.int8)


def spaces(train, test):
    return Vectors(train, test), Products(train @ train.T, test @ train.T)


@pytest.mark.parametrize("decay", [1e-1, 1e-3])
def test_softmax_equals_scikit_learn_in_both_spaces(decay):
    (train, label), (test, _) = samples(), samples(seed=1)
    known = LogisticRegression(C=1 / (decay * len(train)), fit_intercept=False, tol=1e-10, max_iter=10_000)
    wanted = known.fit(train, label).decision_function(test)
    for space in spaces(train, test):
        got = space.decide(logistic(space, one_hot(label), decay, several=False, tolerance=1e-8, steps=20_000))
        np.testing.assert_allclose(got - got.mean(1, keepdims=True), wanted - wanted.mean(1, keepdims=True), atol=1e-4)


def test_sigmoids_equal_a_plain_minimum_without_what_is_not_counted():
    (train, label), (test, _) = samples(), samples(seed=1)
    targets = one_hot(label)
    targets[::4, 2] = -1

    def loss(weights):
        total = 0.0
        for k, w in enumerate(weights.reshape(3, -1)):
            for x, target in zip(train, targets[:, k], strict=True):
                if target >= 0:
                    total += np.logaddexp(0, -x @ w if target else x @ w) / len(train)
        return total + 0.01 * (weights**2).sum() / 2

    best = minimize(loss, np.zeros(18), tol=1e-10).x.reshape(3, -1)
    space = Vectors(train, test)
    got = space.decide(logistic(space, targets, 0.01, several=True, tolerance=1e-8, steps=20_000))
    np.testing.assert_allclose(got, test @ best.T, atol=1e-3)


def test_the_loose_default_decides_nearly_as_the_optimum():
    (train, label), (test, _) = samples(num=400), samples(num=400, seed=1)
    space = Products(*(part.astype(np.float32) for part in (train @ train.T, test @ train.T)))
    got, best = (
        space.decide(logistic(space, one_hot(label), 1e-4, several=False, **how)).argmax(1)
        for how in ({}, {"tolerance": 1e-6, "steps": 20_000})
    )
    assert (got == best).mean() > 0.98
