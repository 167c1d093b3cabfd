"""The threshold that is chosen without masks is that of the truth where the looks are right, and says so where not."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lessup.errors import ShapeError
from lessup.masks.seed_threshold import agreement, chosen_threshold, saliency_tables, scale_tables
from lessup.masks.seeds import THRESHOLD, THRESHOLDS, at_threshold, seed_confidence

GRID = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def blobs(size=(20, 24), seed=0):
    """Return noisy maps of two classes, each high around a place of its own."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    near = [np.exp(-((rows - 8) ** 2 + (columns - x) ** 2) / 30) for x in (6, 17)]
    return np.array(near) + 0.03 * np.random.default_rng(seed).normal(size=(2, *size))


def test_saliency_tables_and_their_agreement_equal_scikit_learn():
    label, confidence = seed_confidence(blobs(), np.ones(2, int))
    salient = np.random.default_rng(0).random(label.shape) < 0.4
    tables = saliency_tables(label, confidence, salient, GRID)
    for threshold, table, found in zip(GRID, tables, agreement(tables), strict=True):
        seed = at_threshold(label, confidence, threshold) > 0
        assert table.tolist() == [
            [(~salient & ~seed).sum(), (~salient & seed).sum()],
            [(salient & ~seed).sum(), (salient & seed).sum()],
        ]
        assert found == pytest.approx(cohen_kappa_score(salient.ravel(), seed.ravel()))


def test_scale_tables_and_their_agreement_equal_scikit_learn():
    first, second = (seed_confidence(blobs(seed=seed), np.ones(2, int)) for seed in (0, 1))
    found = agreement(scale_tables(first, second, GRID))
    for threshold, value in zip(GRID, found, strict=True):
        seeds = [at_threshold(*one, threshold).ravel() > 0 for one in (first, second)]
        assert value == pytest.approx(cohen_kappa_score(*seeds))


def test_which_class_a_seed_has_does_not_count_over_scales():
    label, confidence = seed_confidence(blobs(), np.ones(2, int))
    swapped = np.where(label > 0, 3 - label, 0), confidence
    assert agreement(scale_tables((label, confidence), swapped, np.array([0.4]))).tolist() == [1]


def test_the_same_threshold_that_made_the_salient_mask_is_chosen():
    label, confidence = seed_confidence(blobs(), np.ones(2, int))
    for threshold in (0.15, 0.4, 0.77):
        found = agreement(saliency_tables(label, confidence, confidence >= threshold))
        assert chosen_threshold(found) == pytest.approx(threshold)


def test_seeds_everywhere_and_nowhere_agree_by_chance_alone():
    first, second = (seed_confidence(blobs(seed=seed)[:1], np.ones(1, int)) for seed in (0, 1))
    found = agreement(scale_tables(first, second, np.array([-1.0, 0.3, 1.5])))
    assert found[1] > 0.5
    assert abs(found[0]) < 0.5
    assert found[2] == 0


def test_agreement_over_scales_is_high_where_noise_does_not_reach():
    first, second = (seed_confidence(blobs(seed=seed), np.ones(2, int)) for seed in (0, 1))
    found = agreement(scale_tables(first, second))
    assert 0.1 < chosen_threshold(found) < 0.6
    assert found[THRESHOLDS < 0.05].max() < found.max() - 0.1


@pytest.mark.parametrize("salient", [False, True])
def test_without_anything_salient_the_published_threshold_stays(salient):
    label, confidence = seed_confidence(blobs(), np.ones(2, int))
    found = agreement(saliency_tables(label, confidence, np.full(label.shape, salient)))
    assert (found == 0).all()
    assert chosen_threshold(found) == THRESHOLD


def test_images_without_tags_leave_the_choice_to_the_others():
    label, confidence = seed_confidence(blobs(), np.ones(2, int))
    empty = seed_confidence(blobs(), np.zeros(2, int))
    alone = saliency_tables(label, confidence, confidence >= 0.4)
    assert chosen_threshold(agreement(alone + saliency_tables(*empty, np.zeros(label.shape, bool)))) == 0.4


def test_saliency_that_touches_no_seed_leaves_the_published_threshold():
    label, confidence = seed_confidence(blobs(), np.ones(2, int))
    assert chosen_threshold(agreement(saliency_tables(label, confidence, confidence < 0.01))) == THRESHOLD


def test_maps_of_two_sizes_are_refused():
    first, second = (seed_confidence(blobs(size), np.ones(2, int)) for size in ((20, 24), (10, 12)))
    with pytest.raises(ShapeError, match="resize the class maps"):
        scale_tables(first, second)
