import numpy as np
import pytest
from sklearn.svm import SVC

from lessup.errors import DataError
from lessup.probes.linear_svm import linear_svm


def blobs(num_classes, per_object=3, objects=6, width=4, noise=0.5, seed=0):
    """Objects of several samples around one centre a class."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(num_classes, width)) * 3
    label = np.repeat(np.arange(num_classes), objects * per_object)
    group = np.repeat(np.arange(num_classes * objects), per_object)
    return (centres[label] + noise * generator.normal(size=(len(label), width))).astype(np.float32), label, group


def test_scores_equal_libsvm_on_the_standardised_features_themselves():
    train, label, group = blobs(3, noise=2.0)
    test, _, _ = blobs(3, noise=2.0, seed=1)
    got = linear_svm(train, label, group, test, num_classes=3, costs=(1.0,))
    scaled = (train - train.mean(0)) / train.std(0)
    # Squared lengths of standardised features are D on average, so the same machine has a cost of 1 / D on them.
    machine = SVC(kernel="linear", C=1 / 4).fit(scaled, label)
    np.testing.assert_allclose(
        got.scores, machine.decision_function((test - train.mean(0)) / train.std(0)), rtol=1e-2, atol=1e-2
    )


@pytest.mark.parametrize("num_classes", [2, 4])
def test_separate_classes_are_told_apart(num_classes):
    train, label, group = blobs(num_classes, noise=0.1)
    test, wanted, _ = blobs(num_classes, noise=0.1, seed=1)
    got = linear_svm(train, label, group, test, num_classes=num_classes)
    assert (got.scores.argmax(1) == wanted).all()
    assert got.validation_accuracy == 100


def test_the_unit_of_a_dimension_does_not_matter_when_scaled():
    train, label, group = blobs(3, noise=2.0)
    test, _, _ = blobs(3, noise=2.0, seed=1)
    units = np.array([1, 10, 100, 1000], np.float32)
    first = linear_svm(train, label, group, test, num_classes=3)
    other = linear_svm(train * units, label, group, test * units, num_classes=3)
    np.testing.assert_allclose(first.scores, other.scores, rtol=1e-3, atol=1e-3)


def test_a_class_without_training_samples_is_never_decided_on():
    train, label, group = blobs(2)
    scores = linear_svm(train, label * 2, group, train, num_classes=3).scores
    assert np.isneginf(scores[:, 1]).all()
    assert np.isfinite(scores[:, [0, 2]]).all()


def test_the_cost_is_chosen_on_objects_that_were_not_fitted():
    """Every object has a dimension of its own that gives its class away only if its views are parted."""
    train, label, group = blobs(2, noise=3.0, objects=10)
    own = np.eye(20, dtype=np.float32)[group] * 5
    got = linear_svm(np.c_[train * 0.01, own], label, group, np.c_[train * 0.01, own], num_classes=2, scale=False)
    assert got.validation_accuracy < 90
    assert (got.scores.argmax(1) == label).mean() > 0.95


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, g: (x, y * 0, g), "two classes or more"),
        (lambda x, y, g: (x, y, y), "at least 3"),
        (lambda x, y, g: (x * 0, y, g), "all features are equal"),
    ],
    ids=["one class", "one object a class", "collapsed"],
)
def test_what_cannot_be_classified_is_refused(change, message):
    train, label, group = change(*blobs(2))
    with pytest.raises(DataError, match=message):
        linear_svm(train, label, group, train, num_classes=2)
