import numpy as np
import pytest
from sklearn.svm import LinearSVC

from lessup.probes.one_vs_rest import one_vs_rest
from lessup.probes.spaces import Products, Vectors


def samples(num=150, width=8, num_classes=3, seed=0):
    """Three overlapping blobs of a mean square of about 1, a constant for the bias behind."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(num_classes, width))
    label = generator.integers(0, num_classes, num)
    return np.c_[(centres[label] + generator.normal(size=(num, width))) / 4, np.full(num, 0.3)], label


def one_hot(label, num_classes=3):
    return (label[:, None] == np.arange(num_classes)).astype(np.int8)


def liblinear(train, positive, test, cost):
    machine = LinearSVC(C=cost, fit_intercept=False, tol=1e-9, max_iter=100_000, dual=True, random_state=0)
    return machine.fit(train, positive).decision_function(test)


@pytest.mark.parametrize("cost", [0.1, 1.0, 10.0])
def test_decisions_equal_liblinear_in_both_spaces(cost):
    (train, label), (test, _) = samples(), samples(seed=1)
    wanted = np.stack([liblinear(train, label == k, test, cost) for k in range(3)], 1)
    for space in (Vectors(train, test), Products(train @ train.T, test @ train.T)):
        got = space.decide(one_vs_rest(space, one_hot(label), cost, tolerance=1e-8, passes=5000))
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_the_loose_default_decides_nearly_as_liblinear_does():
    (train, label), (test, _) = samples(), samples(seed=1)
    space = Vectors(train.astype(np.float32), test.astype(np.float32))
    got = space.decide(one_vs_rest(space, one_hot(label), 1.0)).argmax(1)
    wanted = np.stack([liblinear(train, label == k, test, 1.0) for k in range(3)], 1).argmax(1)
    assert (got == wanted).mean() > 0.97


def test_samples_that_are_not_counted_for_a_class_are_as_if_absent():
    (train, label), (test, _) = samples(), samples(seed=1)
    targets = one_hot(label)
    targets[::3, 1] = -1
    kept = targets[:, 1] >= 0
    space = Vectors(train, test)
    got = space.decide(one_vs_rest(space, targets, 1.0, tolerance=1e-8, passes=5000))
    np.testing.assert_allclose(got[:, 1], liblinear(train[kept], label[kept] == 1, test, 1.0), atol=1e-5)
    np.testing.assert_allclose(got[:, 0], liblinear(train, label == 0, test, 1.0), atol=1e-5)


def test_the_optimum_satisfies_its_own_conditions():
    """Squared hinge: the weight of a sample is 2 C times its hinge, so both can be read off the solution."""
    train, label = samples()
    space, targets = Products(train @ train.T, train @ train.T), one_hot(label)
    weight = one_vs_rest(space, targets, 0.7, tolerance=1e-9, passes=5000)
    sign = np.where(targets == 1, 1, -1)
    hinge = np.maximum(0, 1 - sign * space.decide(weight))
    np.testing.assert_allclose(sign * weight, 2 * 0.7 * hinge, atol=1e-6)
