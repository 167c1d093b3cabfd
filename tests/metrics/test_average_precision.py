import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from lessup.metrics.average_precision import (
    all_point,
    average_precisions,
    eleven_point,
    precision_recall,
    step,
)


def ranked(*flags):
    """A list in which every place holds a score of its own, the best first."""
    positive = np.array(flags, bool)
    return precision_recall(-np.arange(len(positive), dtype=float), positive)


def random_list(seed, num=60, levels=12):
    """Scores with many ties."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, levels, num) / levels, generator.random(num) < 0.3


def envelope_by_loops(scores, positive):
    """Precision and recall at every threshold, then the best precision at a recall or beyond it."""
    curve = []
    for threshold in sorted(set(scores.tolist()), reverse=True):
        said = [bool(p) for s, p in zip(scores, positive, strict=True) if s >= threshold]
        curve.append((sum(said) / int(positive.sum()), sum(said) / len(said)))
    return curve, lambda recall: max((p for r, p in curve if r >= recall - 1e-12), default=0.0)


@pytest.mark.parametrize("seed", range(5))
def test_step_equals_scikit_learn_with_ties(seed):
    scores, positive = random_list(seed)
    assert step(*precision_recall(scores, positive)) == pytest.approx(average_precision_score(positive, scores))


@pytest.mark.parametrize("seed", range(5))
def test_all_point_and_eleven_point_equal_plain_loops(seed):
    scores, positive = random_list(seed)
    curve, best = envelope_by_loops(scores, positive)
    area, before = 0.0, 0.0
    for recall, _ in curve:
        area += (recall - before) * best(recall)
        before = recall
    assert all_point(*precision_recall(scores, positive)) == pytest.approx(area)
    eleven = sum(best(tenth / 10) for tenth in range(11)) / 11
    assert eleven_point(*precision_recall(scores, positive)) == pytest.approx(eleven)


def test_the_three_definitions_differ_on_a_list_worked_by_hand():
    """Places: wrong, right, right, wrong, right: precision 1/2, 2/3, 3/5 at recalls 1/3, 2/3, 1."""
    curve = ranked(0, 1, 1, 0, 1)
    assert step(*curve) == pytest.approx((1 / 2 + 2 / 3 + 3 / 5) / 3)
    assert all_point(*curve) == pytest.approx((2 / 3 + 2 / 3 + 3 / 5) / 3)
    assert eleven_point(*curve) == pytest.approx((7 * 2 / 3 + 4 * 3 / 5) / 11)


def test_a_perfect_list_has_all_three_at_one():
    curve = ranked(1, 1, 0, 0)
    assert (step(*curve), all_point(*curve), eleven_point(*curve)) == (1.0, 1.0, 1.0)


def test_eleven_points_meet_recalls_that_are_exact_tenths():
    """Ten positives first: recall 0.3 is reached at the third place in spite of how 3 / 10 is rounded."""
    curve = ranked(*[1] * 3, *[0] * 7, *[1] * 7)
    wanted = (4 * 1.0 + 7 * 10 / 17) / 11
    assert eleven_point(*curve) == pytest.approx(wanted)


def test_objects_that_were_never_detected_keep_recall_below_one():
    precision, recall = precision_recall(np.array([0.9, 0.8]), np.array([True, False]), num_positive=4)
    assert recall.tolist() == [0.25, 0.25]
    assert step(precision, recall) == pytest.approx(0.25)
    assert eleven_point(precision, recall) == pytest.approx(3 / 11)
    assert eleven_point(precision, recall, num_points=101) == pytest.approx(26 / 101)


def test_the_order_of_the_samples_does_not_matter():
    scores, positive = random_list(3)
    order = np.random.default_rng(0).permutation(len(scores))
    for measure in (step, all_point, eleven_point):
        assert measure(*precision_recall(scores, positive)) == pytest.approx(
            measure(*precision_recall(scores[order], positive[order]))
        )


def test_ties_and_narrow_leads_go_against_positives_under_the_published_handicap():
    tags = np.array([[1], [0], [0]], np.int8)
    tie, narrow = np.array([[0.5], [0.5], [0.1]]), np.array([[0.500001], [0.5], [0.1]])
    assert average_precisions(tie, tags, handicap=0)["step"][0] == pytest.approx(1 / 2)
    assert average_precisions(narrow, tags, handicap=0)["step"][0] == 1.0
    assert average_precisions(narrow, tags)["step"][0] == pytest.approx(1 / 2)


def test_one_score_for_all_images_is_worth_the_last_places_of_the_list():
    tags = np.array([[1], [1], [0], [0]], np.int8)
    got = average_precisions(np.zeros((4, 1)), tags)
    assert got["step"][0] == pytest.approx(2 / 4)  # both positives share the last place
    assert got["all_point"][0] == pytest.approx(2 / 4)


def test_images_that_are_not_counted_change_nothing():
    scores, positive = random_list(4)
    tags = np.stack([positive, ~positive], 1).astype(np.int8)
    both = np.stack([scores, -scores], 1)
    with_ignored = np.concatenate([tags, np.full((7, 2), -1, np.int8)])
    got = average_precisions(np.concatenate([both, np.full((7, 2), 9.0)]), with_ignored)
    for name, values in average_precisions(both, tags).items():
        np.testing.assert_allclose(got[name], values)


def test_a_class_without_a_positive_has_no_average_precision():
    got = average_precisions(np.zeros((3, 2)), np.array([[1, 0], [0, 0], [0, -1]], np.int8))
    assert all(np.isnan(values[1]) and np.isfinite(values[0]) for values in got.values())


def test_nothing_detected_scores_zero_and_nothing_to_find_is_undefined():
    nothing = precision_recall(np.empty(0), np.empty(0, bool), num_positive=3)
    assert [step(*nothing), all_point(*nothing), eleven_point(*nothing)] == [0.0, 0.0, 0.0]
    no_object = precision_recall(np.array([0.5]), np.array([False]), num_positive=0)
    assert all(np.isnan(measure(*no_object)) for measure in (step, all_point, eleven_point))
