"""Names tell classes that have no examples."""

import numpy as np
import pytest

from lessup.labels.told_by_name import name_scores, spread_from, surest


def world(seed=0):
    """Return vectors of 200 names, and where each lies among features: a bent map of its vector."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(200, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, np.tanh(2 * vectors @ generator.normal(size=(6, 30)))


def test_new_classes_are_told_by_where_their_names_lie():
    vectors, places = world()
    label = np.repeat(np.arange(190, 200), 8)
    x = places[label] + 0.3 * np.random.default_rng(1).normal(size=(80, 30))
    scores = name_scores(x, places[:190], vectors[:190], vectors[190:])
    assert scores.shape == (80, 10)
    assert (scores.argmax(1) == label - 190).mean() > 0.95
    assert np.abs(scores).max() <= 1


def test_neither_a_shift_of_the_features_nor_their_scale_counts():
    vectors, places = world()
    x = places[190:] + 0.1
    plain = name_scores(x, places[:190], vectors[:190], vectors[190:])
    moved = name_scores(5 * x + 3, places[:190], 2 * vectors[:190], 7 * vectors[190:])
    np.testing.assert_allclose(plain, moved, atol=1e-12)


def test_the_images_that_lead_by_most_are_examples_of_classes_that_have_few():
    scores = np.array(
        [[0.9, 0.1, 0.0], [0.5, 0.4, 0.0], [0.6, 0.0, 0.1], [0.1, 0.2, 0.3], [0.2, 0.9, 0.1], [0, 0, 1.0]]
    )
    known = np.array([-1, -1, -1, -1, 1, -1])
    np.testing.assert_array_equal(surest(scores, known, 2), [0, -1, 0, 2, 1, 2])
    np.testing.assert_array_equal(surest(scores, known, 1), [0, -1, -1, -1, 1, 2])


@pytest.mark.parametrize("count", [1, 5])
def test_what_is_known_stays(count):
    scores = np.random.default_rng(0).normal(size=(30, 4))
    known = np.where(np.arange(30) < 6, np.arange(30) % 3, -1)
    found = surest(scores, known, count)
    np.testing.assert_array_equal(found[:6], known[:6])
    for number in range(4):
        assert (found == number).sum() <= max(count, (known == number).sum())


def test_examples_of_one_class_make_all_of_it():
    shares = spread_from(np.random.default_rng(0).normal(size=(9, 2)), np.array([1, *[-1] * 8]), 3)
    np.testing.assert_array_equal(shares, [[0, 1, 0]] * 9)


def test_labels_spread_to_the_group_of_the_example():
    x = np.random.default_rng(0).normal(size=(40, 2)) / 5 + np.repeat([[0, 0], [4, 4]], 20, 0)
    examples = np.full(40, -1)
    examples[[3, 30]] = 2, 0
    np.testing.assert_array_equal(spread_from(x, examples, 3).argmax(1), np.repeat([2, 0], 20))
