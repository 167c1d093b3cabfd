import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, balanced_accuracy_score

from lessup.metrics.decisions import chance_scores, decision_scores

CLASSES = ("cat", "dog", "owl", "yak")


def one_hot(label):
    return (np.asarray(label)[:, None] == np.arange(4)).astype(np.int8)


def test_accuracies_equal_scikit_learn():
    generator = np.random.default_rng(0)
    label, scores = generator.integers(0, 3, 90), generator.normal(size=(90, 4))
    got = decision_scores(scores, one_hot(label), CLASSES, several=False)
    assert got["accuracy"] == pytest.approx(100 * accuracy_score(label, scores.argmax(1)))
    seen = scores[:, :3].argmax(1)  # scikit-learn warns where a class is decided on that no sample has
    got = decision_scores(np.c_[scores[:, :3], np.full(90, -9.0)], one_hot(label), CLASSES, several=False)
    assert got["class_mean"] == pytest.approx(100 * balanced_accuracy_score(label, seen))
    assert "accuracy/yak" not in got


def test_a_large_class_counts_once_in_the_class_mean():
    label = np.array([0] * 9 + [1])
    got = decision_scores(np.tile([1.0, 0, 0, 0], (10, 1)), one_hot(label), CLASSES, several=False)
    assert got == {"accuracy": 90.0, "class_mean": 50.0, "accuracy/cat": 100.0, "accuracy/dog": 0.0}


def test_map_is_the_mean_of_the_classes_that_have_a_positive():
    generator = np.random.default_rng(0)
    targets = generator.integers(-1, 2, (80, 4)).astype(np.int8)
    targets[:, 2] = 0
    scores = generator.normal(size=(80, 4))
    got = decision_scores(scores, targets, CLASSES, several=True, handicap=0)
    wanted = {}
    for k in (0, 1, 3):
        counted = targets[:, k] >= 0
        wanted[CLASSES[k]] = 100 * average_precision_score(targets[counted, k], scores[counted, k])
    assert {name: got[f"map/{name}"] for name in wanted} == pytest.approx(wanted)
    assert got["map"] == pytest.approx(np.mean([*wanted.values()]))
    assert "map/owl" not in got
    assert got["map"] < got["map_all_point"]


def test_chance_guesses_the_most_common_class_of_the_training_part():
    known, asked = one_hot([0, 1, 1, 2]), one_hot([0, 1, 1, 1, 2])
    got = chance_scores(known, asked, CLASSES, several=False)
    assert got["accuracy"] == pytest.approx(60)
    assert got["class_mean"] == pytest.approx(100 / 3)


def test_chance_among_equally_common_classes_is_the_mean_over_guessing_each():
    known, asked = one_hot([0, 1, 2, 3]), one_hot([0, 0, 0, 1])
    each = [decision_scores(np.tile(np.eye(4)[k], (4, 1)), asked, CLASSES, several=False)["accuracy"] for k in range(4)]
    assert chance_scores(known, asked, CLASSES, several=False)["accuracy"] == pytest.approx(np.mean(each))


def test_chance_of_several_classes_is_what_a_constant_scores():
    targets = np.random.default_rng(0).integers(-1, 2, (50, 4)).astype(np.int8)
    got = chance_scores(targets, targets, CLASSES, several=True)
    wanted = decision_scores(np.zeros((50, 4)), targets, CLASSES, several=True, handicap=0)
    assert got == pytest.approx(wanted)
