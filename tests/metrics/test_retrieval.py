import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from lessup.metrics.retrieval import average_precision, chance_average_precision, nearest


def samples(num=40):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(num, 5)).astype(np.float32)
    return features, generator.integers(0, 3, num), generator.integers(0, 12, num)


def test_average_precision_equals_scikit_learn_without_the_query():
    features, label, _ = samples()
    unit = features.astype(np.float64) / np.linalg.norm(features, axis=1, keepdims=True)
    for query, got in enumerate(average_precision(features, label)):
        others = np.delete(np.arange(len(label)), query)
        wanted = average_precision_score(label[others] == label[query], unit[others] @ unit[query])
        assert got == pytest.approx(wanted)


def test_views_of_the_query_object_are_left_out_of_its_list_where_asked():
    features, label, group = samples()
    unit = features.astype(np.float64) / np.linalg.norm(features, axis=1, keepdims=True)
    for query, got in enumerate(average_precision(features, label, group)):
        others = np.flatnonzero(group != group[query])
        wanted = average_precision_score(label[others] == label[query], unit[others] @ unit[query])
        assert got == pytest.approx(wanted)


def test_scaling_a_feature_vector_changes_nothing():
    features, label, _ = samples()
    factor = np.linspace(0.1, 10, len(features), dtype=np.float32)[:, None]
    np.testing.assert_allclose(average_precision(features * factor, label), average_precision(features, label))


def test_collapsed_features_score_as_chance_does():
    label = np.repeat(np.arange(10), 40)
    got = average_precision(np.ones((400, 3), np.float32), label).mean()
    assert got == pytest.approx(0.1, abs=0.02)


def test_a_class_with_one_sample_has_no_average_precision():
    assert np.isnan(average_precision(np.eye(3, dtype=np.float32), np.arange(3))).all()


@pytest.mark.parametrize(("relevant", "listed"), [(1, 5), (4, 10), (7, 7)])
def test_chance_is_the_mean_over_shuffled_lists(relevant, listed):
    generator = np.random.default_rng(0)
    flags = np.arange(listed) < relevant
    shuffled = generator.permuted(np.tile(flags, (20_000, 1)), axis=1)
    places = np.arange(1, listed + 1)
    precision = np.where(shuffled, np.cumsum(shuffled, 1) / places, 0).sum(1) / relevant
    got = chance_average_precision(np.array([relevant]), np.array([listed]))[0]
    assert got == pytest.approx(precision.mean(), abs=4 * precision.std() / np.sqrt(20_000) + 1e-12)


def test_nearest_lists_other_objects_by_cosine():
    features, _, group = samples()
    unit = features.astype(np.float64) / np.linalg.norm(features, axis=1, keepdims=True)
    positions, cosines = nearest(features, np.array([3, 8]), group, count=4)
    for row, query in enumerate((3, 8)):
        others = [(float(unit[query] @ unit[i]), i) for i in range(len(unit)) if group[i] != group[query]]
        wanted = sorted(others, reverse=True)[:4]
        assert positions[row].tolist() == [position for _, position in wanted]
        np.testing.assert_allclose(cosines[row], [cosine for cosine, _ in wanted], rtol=1e-5)
