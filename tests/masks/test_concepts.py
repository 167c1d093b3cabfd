"""Concepts, from sentences read by eye and scores made for the purpose."""

import numpy as np
import pytest
import torch

from lessup.errors import DataError
from lessup.masks.class_maps import class_activation_maps
from lessup.masks.concepts import Examples, as_layer, from_captions, from_tags, held_out_precision, highest
from lessup.masks.deep_features import with_weights
from lessup.methods.cam import CAM, CAMConfig
from lessup.probes.hard_negatives import Detector

CAPTIONS = [
    ["A dog on the Table.", "Something else."],
    ["The table is empty; a dog sleeps."],
    ["A man with two dogs."],
    ["An empty street."],
    [],
]


def test_phrase_must_follow_word_for_word_in_one_sentence() -> None:
    found = from_captions("on the table", CAPTIONS)
    assert found.positive.tolist() == [True, False, False, False, False]
    assert found.negative.tolist() == [False, False, True, True, False], "one with a table is neither"


def test_little_words_count_in_a_phrase_of_nothing_else() -> None:
    found = from_captions("with", CAPTIONS)
    assert found.positive.tolist() == [False, False, True, False, False]
    assert found.negative.tolist() == [True, True, False, True, False]


def test_images_of_another_tag_are_negatives_and_untagged_ones_neither() -> None:
    found = from_tags("living room", [("living room", "lamp"), ("dining room",), ()])
    assert found.positive.tolist() == [True, False, False]
    assert found.negative.tolist() == [False, True, False]
    with pytest.raises(DataError, match="no image has the tag 'attic'; wanted some of dining room, lamp"):
        from_tags("attic", [("living room", "lamp"), ("dining room",), ()])


@pytest.mark.parametrize(("phrase", "said"), [("...", "has no word"), ("unicorn", "no caption of the 5 images holds")])
def test_phrase_that_nobody_wrote_is_refused(phrase: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        from_captions(phrase, CAPTIONS)


def test_mean_of_a_detectors_map_and_its_bias_are_its_score() -> None:
    rng = np.random.default_rng(0)
    network = CAM(CAMConfig(backbone="alexnet-small", num_classes=2)).eval()
    width = network.classifier.in_features
    none = np.zeros(1, bool)
    detectors = [Detector(rng.normal(size=width).astype(np.float32), bias, none, (1,), True) for bias in (0.5, -2.0)]
    image = torch.rand(3, 3, 64, 64)
    pooled = network.backbone(image).detach().numpy()
    maps = class_activation_maps(with_weights(network, as_layer(detectors, 1.0)), image, torch.tensor([[1, 0]] * 3))
    for place, one in ((0, detectors[1]), (1, detectors[0])):
        expected = one.scores(pooled)
        np.testing.assert_allclose(maps[:, place].mean((1, 2)) + one.bias, expected, rtol=1e-4)


def test_highest_are_chosen_for_each_concept() -> None:
    scores = np.array([[3.0, 0.0], [1.0, 5.0], [2.0, 9.0]])
    assert highest(scores, 2).tolist() == [[1, 0], [0, 1], [1, 1]]
    assert highest(scores, 9).sum() == 6


def test_held_out_precision_is_high_for_what_can_be_told_and_near_chance_for_noise() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(600, 5)).astype(np.float32)
    told, noise = features[:, 0] > 0.5, rng.random(600) < 0.3
    group = np.arange(600)
    assert held_out_precision(features, Examples("told", told, ~told), group) > 0.98
    assert abs(held_out_precision(features, Examples("noise", noise, ~noise), group) - 0.3) < 0.1


def test_copies_of_an_image_are_never_on_both_sides() -> None:
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(60, 200)), 3, axis=0).astype(np.float32)
    noise = np.repeat(rng.random(60) < 0.5, 3)
    apart = held_out_precision(features, Examples("noise", noise, ~noise), np.repeat(np.arange(60), 3))
    mixed = held_out_precision(features, Examples("noise", noise, ~noise), np.arange(180))
    assert mixed > 0.9 > 0.7 > apart


def test_too_few_positives_to_hold_any_out_are_not_measured() -> None:
    positive = np.array([True, True, False, False, False, False])
    features = np.eye(6, dtype=np.float32)
    assert np.isnan(held_out_precision(features, Examples("few", positive, ~positive), np.arange(6)))
