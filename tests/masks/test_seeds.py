"""Seeds and their curve equal plain loops, and images that lack something have a defined outcome."""

import math

import numpy as np
import pytest

from lessup.errors import DataError, ShapeError, UsageError
from lessup.masks.seeds import (
    THRESHOLDS,
    SeedCurve,
    at_threshold,
    mean_precision,
    normalised,
    seed_confidence,
    seed_curve,
    seed_tables,
    seeds,
)

GRID = np.array([0.1, 0.25, 0.5, 0.8])


def maps(classes=4, size=(6, 7), seed=0):
    return np.random.default_rng(seed).normal(0.3, 1, (classes, *size))


def plain_seeds(class_maps, tags, threshold):
    """Find the seeds of one image pixel by pixel."""
    found = np.zeros(class_maps.shape[1:], int)
    for y, x in np.ndindex(found.shape):
        best = 0.0
        for number, tag in enumerate(tags):
            if tag != 1 or class_maps[number].max() <= 0:
                continue
            share = class_maps[number, y, x] / class_maps[number].max()
            if share >= threshold and share > best:
                best, found[y, x] = share, number + 1
    return found


@pytest.mark.parametrize("threshold", [0.05, 0.2, 0.7, 1.0])
@pytest.mark.parametrize("tags", [[1, 1, 1, 1], [0, 1, -1, 1], [0, 0, 1, 0], [0, 0, 0, 0]])
def test_seeds_equal_plain_loops(tags, threshold):
    assert (seeds(maps(), np.array(tags), threshold=threshold) == plain_seeds(maps(), tags, threshold)).all()


def test_the_published_threshold_is_a_fifth_and_is_itself_a_seed():
    assert seeds(np.array([[[0.2, 0.19, 1.0]]]), np.array([1])).tolist() == [[1, 0, 1]]


def test_each_class_is_measured_by_its_own_maximum():
    scaled = maps() * np.array([1, 1e-6, 300, 7])[:, None, None]
    assert (seeds(scaled, np.ones(4, int)) == seeds(maps(), np.ones(4, int))).all()


def test_classes_that_the_image_does_not_have_leave_no_trace():
    tags, other = np.array([1, 0, 1, -1]), maps()
    other[1], other[3] = 1e9, -1e9
    assert (seeds(other, tags) == seeds(maps(), tags)).all()


def test_an_image_without_tags_has_no_seeds():
    label, confidence = seed_confidence(maps(), np.zeros(4, int))
    assert not label.any()
    assert not confidence.any()
    assert not seeds(maps(), np.array([0, -1, -1, 0])).any()
    assert not seeds(np.zeros((0, 3, 4)), np.zeros(0, int)).any()


@pytest.mark.parametrize("value", [0.0, -2.0])
def test_a_map_that_is_nowhere_above_0_gives_no_seed(value):
    class_maps = maps()
    class_maps[2] = value
    assert not normalised(class_maps, np.ones(4, int))[2].any()
    assert set(np.unique(seeds(class_maps, np.array([0, 0, 1, 0])))) == {0}


def test_a_map_of_one_pixel_is_a_seed_if_it_is_positive():
    assert seeds(np.array([[[3.0]], [[-1.0]]]), np.array([1, 1])).tolist() == [[1]]


def test_one_class_everywhere_is_a_seed_everywhere():
    assert (seeds(np.full((2, 3, 3), 5.0), np.array([0, 1])) == 2).all()


def test_maps_that_are_not_finite_are_refused():
    class_maps = maps()
    class_maps[0, 0, 0] = math.inf
    with pytest.raises(DataError, match="wanted finite ones"):
        seeds(class_maps, np.ones(4, int))


def test_other_shapes_and_thresholds_are_refused():
    with pytest.raises(ShapeError, match=r"\(4, 6, 7\) and tags \(3,\)"):
        seeds(maps(), np.ones(3, int))
    for threshold in (0.0, 1.1, 20.0):
        with pytest.raises(UsageError, match="wanted above 0"):
            seeds(maps(), np.ones(4, int), threshold=threshold)


def some_images(number=3, classes=4):
    """Return labels, confidences and truths of images of several sizes; class 3 is never true."""
    draws, found = np.random.default_rng(0), []
    for one in range(number):
        size = (5 + one, 8)
        label, confidence = seed_confidence(draws.random((classes, *size)), np.ones(classes, int))
        truth = np.where(draws.random(size) < 0.5, label, draws.integers(-1, 3, size))
        found.append((label, confidence, np.where(truth == 3, 0, truth)))
    return found


def test_counts_equal_plain_loops_at_every_threshold():
    for label, confidence, truth in some_images():
        tables = seed_tables(label, confidence, truth, 4, GRID)
        for threshold, table in zip(GRID, tables, strict=True):
            wanted = np.zeros((5, 5), int)
            for place in np.ndindex(truth.shape):
                if truth[place] >= 0:
                    wanted[truth[place], label[place] if confidence[place] >= threshold else 0] += 1
            assert (table == wanted).all()
            assert (table == seed_tables(label, confidence, truth, 4, np.array([threshold]))[0]).all()


def test_curve_equals_plain_loops():
    images = some_images()
    curve = seed_curve(sum(seed_tables(*one, 4, GRID) for one in images))
    for row, threshold in enumerate(GRID):
        precisions, recalls = [], []
        for number in range(5):
            right = found = true = 0
            for label, confidence, truth in images:
                seed = at_threshold(label, confidence, threshold)[truth >= 0]
                known = truth[truth >= 0]
                right += ((seed == number) & (known == number)).sum()
                found += (seed == number).sum()
                true += (known == number).sum()
            if true:
                precisions.append(right / found if found else math.nan)
                recalls.append(right / true)
        assert len(recalls) == 4
        assert curve.background_precision[row] == pytest.approx(precisions[0], nan_ok=True)
        assert curve.background_recall[row] == pytest.approx(recalls[0])
        assert curve.foreground_precision[row] == pytest.approx(np.mean(precisions[1:]))
        assert curve.foreground_recall[row] == pytest.approx(np.mean(recalls[1:]))


def test_foreground_is_found_less_and_background_more_as_the_threshold_rises():
    curve = seed_curve(sum(seed_tables(*one, 4) for one in some_images()))
    assert (np.diff(curve.foreground_recall) <= 0).all()
    assert (np.diff(curve.background_recall) >= 0).all()
    assert len(curve.foreground_recall) == len(THRESHOLDS)


def test_a_class_without_a_seed_leaves_the_mean_precision_of_the_others():
    label, confidence = np.array([[1, 1, 2]]), np.array([[0.9, 0.9, 0.3]])
    truth = np.array([[1, 0, 2]])
    curve = seed_curve(seed_tables(label, confidence, truth, 2, np.array([0.2, 0.5, 0.95])))
    assert curve.foreground_precision[:2].tolist() == [0.75, 0.5]
    assert curve.foreground_recall.tolist() == [1.0, 0.5, 0.0]
    assert math.isnan(curve.foreground_precision[2])
    assert math.isnan(curve.background_precision[0])


def test_mean_precision_takes_the_first_recall_beyond_a_fifth_and_four_fifths():
    curve = SeedCurve(
        foreground_precision=np.array([0.3, 0.5, 0.6, 0.9]),
        foreground_recall=np.array([0.9, 0.4, 0.21, 0.2]),
        background_precision=np.array([0.99, 0.95, 0.8, 0.7]),
        background_recall=np.array([0.1, 0.8, 0.81, 1.0]),
    )
    assert mean_precision(curve) == pytest.approx(0.5 * (0.6 + 0.8))


def test_seeds_equal_to_the_truth_have_a_mean_precision_of_1():
    truth = np.array([[1, 2, 0], [0, 0, 2]])
    confidence = np.where(truth > 0, 1.0, 0.0)
    assert mean_precision(seed_curve(seed_tables(truth, confidence, truth, 2))) == 1


def test_mean_precision_is_not_a_number_where_a_recall_is_never_reached():
    truth = np.array([[1, 1, 0]])
    never = seed_curve(seed_tables(np.zeros((1, 3), int), np.zeros((1, 3)), truth, 1))
    assert math.isnan(mean_precision(never))
    nothing = seed_curve(seed_tables(truth, truth * 1.0, np.full((1, 3), -1), 1))
    assert math.isnan(mean_precision(nothing))
