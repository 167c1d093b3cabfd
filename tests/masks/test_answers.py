"""Answers, from questions made for the purpose, beside scikit-learn and plain sums."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from lessup.masks.answers import Answerer, bags, learnt_answerer, most_frequent, vocabulary
from lessup.masks.class_maps import class_activation_maps
from lessup.masks.deep_features import with_weights
from lessup.methods.cam import CAM, CAMConfig
from lessup.probes.spaces import BIAS

ANSWERS = ("yes", "no", "dog")


@pytest.fixture(scope="module")
def asked():
    """Bags of 6 words and 10 features of 300 questions; the first word decides beside the first feature."""
    rng = np.random.default_rng(0)
    bag = (rng.random((300, 6)) < 0.4).astype(np.float32)
    features = (5 + rng.normal(size=(300, 10))).astype(np.float32)
    label = np.where(bag[:, 0] == 1, 2, (features[:, 0] > 5).astype(int))
    return bag, features, label, np.arange(300) // 2


def answerer_of(asked, **settings) -> Answerer:
    return learnt_answerer(*asked, ANSWERS, **settings)


def test_words_cut_at_a_count_and_counted_once_a_question():
    known = vocabulary(["a dog and a dog", "A cat", "one Cat"], 2)
    assert known == ("a", "cat"), "dog is twice in one question"
    assert bags(["a a cat", "unknown"], known).tolist() == [[1, 1], [0, 0]]
    assert most_frequent(["no", "b", "a", "no"], 9) == ("no", "a", "b")


def test_parts_are_weighed_as_a_regression_of_scikit_learn_weighs_them(asked):
    bag, features, label, _ = asked
    parts = []
    for part, share in ((bag, 0.7), (features, 0.3)):
        centred = part - part.mean(0)
        parts.append(centred * np.sqrt(share / np.mean(np.sum(centred**2, axis=1))))
    padded = np.concatenate([*parts, np.full((300, 1), BIAS**0.5)], axis=1)
    reference = LogisticRegression(C=1 / (300 * 0.01), fit_intercept=False, tol=1e-8, max_iter=1000).fit(padded, label)
    scores = answerer_of(asked, image_share=0.3, decays=(0.01,)).scores(bag, features)
    np.testing.assert_allclose(torch.from_numpy(scores).softmax(1), reference.predict_proba(padded), atol=5e-3)


def test_score_is_the_sum_over_words_and_features_and_bias(asked):
    bag, features, label, _ = asked
    answerer = answerer_of(asked)
    layer = answerer.of_image
    for row in (0, 7):
        for answer in range(3):
            total = float(layer.bias[answer])
            total += sum(float(answerer.of_words[answer, word]) for word in range(6) if bag[row, word])
            total += sum(float(layer.weight[answer, place]) * float(features[row, place]) for place in range(10))
            assert total == pytest.approx(answerer.scores(bag, features)[row, answer], abs=1e-4)
    assert (answerer.scores(bag, features).argmax(1) == label).mean() > 0.95


def test_words_and_mean_of_the_map_and_bias_are_the_score():
    network = CAM(CAMConfig(backbone="alexnet-small", num_classes=3)).eval()
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.random((24, 3, 64, 64)).astype(np.float32))
    features = network.backbone(image).detach().numpy()
    bag = (rng.random((24, 5)) < 0.5).astype(np.float32)
    answerer = learnt_answerer(bag, features, np.arange(24) % 3, np.arange(24), ANSWERS)
    with_weights(network, answerer.of_image)
    asked_for = torch.tensor([[0, 1, 2]] * 24)
    maps = class_activation_maps(network, image, asked_for).numpy().astype(np.float64)
    total = bag @ answerer.of_words.T.astype(np.float64) + maps.mean((2, 3)) + answerer.of_image.bias
    scores = answerer.scores(bag, features)
    assert np.abs(answerer.of_words).max() > 0.01
    assert maps.std() > 0.01
    np.testing.assert_allclose(total, scores, atol=1e-4 * np.abs(scores).max())


def test_weights_of_a_word_and_of_a_feature_sum_to_zero_over_the_answers(asked):
    answerer = answerer_of(asked)
    for weight in (answerer.of_words, answerer.of_image.weight):
        np.testing.assert_allclose(weight.sum(0), 0, atol=1e-3 * np.abs(weight).max())


@pytest.mark.parametrize(("share", "words", "image"), [(0.0, True, False), (1.0, False, True)])
def test_words_or_the_image_alone_leave_the_other_without_weight(asked, share, words, image):
    answerer = answerer_of(asked, image_share=share)
    assert (answerer.of_words.any(), answerer.of_image.weight.any()) == (words, image)


def test_equal_questions_get_the_most_frequent_answer():
    label = np.array([1, 1, 0, 2])
    constant = np.ones((4, 2), np.float32)
    noise = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    answerer = learnt_answerer(constant, noise, label, np.arange(4), ANSWERS, image_share=0.0)
    assert answerer.scores(constant, noise).argmax(1).tolist() == [1, 1, 1, 1]
    assert not learnt_answerer(constant, noise, label, np.arange(4), ANSWERS).of_words.any()


def test_decay_is_chosen_on_images_that_are_held_out():
    rng = np.random.default_rng(1)
    family = np.repeat(np.arange(60), 4)
    features = rng.normal(size=(60, 200)).astype(np.float32)[family]
    label = rng.integers(0, 3, 60)[family]  # an image is known by heart, and says nothing of another
    answerer = learnt_answerer(np.zeros((240, 1), np.float32), features, label, family, ANSWERS)
    assert answerer.of_image.validation < 60
