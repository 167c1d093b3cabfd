"""Localisation accuracy and pixel average precision against loops, scikit-learn and cases worked by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from lessup.metrics.localization import (
    NUM_BINS,
    best_overlaps,
    box_accuracies,
    localized,
    max_box_accuracy,
    max_box_accuracy_v2,
    mean_box_accuracy,
    pixel_average_precision,
    pixel_counts,
)


def overlap_of(first, second) -> float:
    across = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    down = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return across * down / (sum(areas) - across * down)


def boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    low = rng.integers(0, 6, (count, 2))
    return np.concatenate([low, low + rng.integers(1, 9, (count, 2))], 1).astype(np.float64)


def test_named_class_is_localised_if_its_box_finds_an_object_of_that_class_in_loops():
    rng = np.random.default_rng(0)
    outcomes = []
    for _ in range(200):
        classes, label = rng.permutation(3)[:2], rng.integers(0, 3, 3)
        corners, objects = boxes(rng, 2), boxes(rng, 3)
        wanted = [
            any(
                own == other and overlap_of(box, thing) >= 0.5
                for other, thing in zip(label.tolist(), objects.tolist(), strict=True)
            )
            for own, box in zip(classes.tolist(), corners.tolist(), strict=True)
        ]
        assert localized(classes, corners, label, objects).tolist() == wanted
        outcomes += wanted
    assert 0.02 < np.mean(outcomes) < 0.5


def test_box_of_exactly_half_an_overlap_counts_and_one_on_another_class_does_not():
    objects, label = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]]), np.array([3, 4])
    corners = np.array([[0.0, 0, 10, 5], [0, 0, 10, 4.9], [20, 0, 30, 10]])
    assert localized(np.array([3, 3, 3]), corners, label, objects).tolist() == [True, False, False]
    assert localized(np.array([4]), corners[2:], label, objects).tolist() == [True]


def test_box_of_no_area_finds_nothing():
    nothing = np.zeros((1, 4))
    assert not localized(np.array([0]), nothing, np.array([0]), np.array([[0.0, 0, 1, 1]])).any()
    assert best_overlaps(nothing, np.zeros((0, 4))).tolist() == [0]


def test_best_overlap_is_the_largest_with_any_object():
    rng = np.random.default_rng(1)
    found, objects = boxes(rng, 7), boxes(rng, 4)
    wanted = [max(overlap_of(box, thing) for thing in objects) for box in found]
    np.testing.assert_allclose(best_overlaps(found, objects), wanted)


def test_numbers_over_thresholds_are_those_of_loops():
    overlaps = np.random.default_rng(0).random((40, 7))
    curves = {
        least: [sum(image[place] >= least for image in overlaps.tolist()) / 40 for place in range(7)]
        for least in (0.3, 0.5, 0.7)
    }
    np.testing.assert_allclose(box_accuracies(overlaps), curves[0.5])
    assert max_box_accuracy(overlaps) == pytest.approx(max(curves[0.5]))
    assert mean_box_accuracy(overlaps) == pytest.approx(sum(curves[0.5]) / 7)
    assert max_box_accuracy_v2(overlaps) == pytest.approx(sum(max(curve) for curve in curves.values()) / 3)


def test_pixel_average_precision_is_scikit_learns_over_all_images_at_once():
    rng = np.random.default_rng(0)
    counts, scores, positive = np.zeros((2, NUM_BINS + 1), np.int64), [], []
    for height, width in ((9, 13), (20, 5)):
        truth = rng.integers(-1, 2, (height, width))
        score_map = rng.integers(0, 1001, (height, width)) / 1000 * np.where(truth == 1, 1, 0.8)
        score_map = (np.floor(score_map * 1000) + 0.5).clip(0, 1000) / 1000  # in the middle of a bin, or 1
        counts += pixel_counts(score_map, truth)
        scores.append(score_map[truth >= 0])
        positive.append(truth[truth >= 0] == 1)
    wanted = average_precision_score(np.concatenate(positive), np.concatenate(scores))
    assert pixel_average_precision(counts) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_map_that_is_the_same_everywhere_gives_the_share_of_the_objects_pixels(value):
    truth = np.array([[1, 0, 0, -1], [0, 1, 0, 0]])
    assert pixel_average_precision(pixel_counts(np.full((2, 4), value), truth)) == pytest.approx(2 / 7)


def test_map_that_is_the_mask_is_perfect_and_its_inverse_is_worked_by_hand():
    truth = np.array([[1, 1, 0], [0, 0, 0]])
    assert pixel_average_precision(pixel_counts(truth.astype(np.float32), truth)) == 1
    # Four wrong pixels come first, then both right ones at once: precision 2 / 6 at recall 1.
    assert pixel_average_precision(pixel_counts(1 - truth.astype(np.float32), truth)) == pytest.approx(2 / 6)


def test_without_an_objects_pixel_there_is_no_average_precision():
    assert math.isnan(pixel_average_precision(pixel_counts(np.ones((2, 2)), np.zeros((2, 2), np.int64))))
