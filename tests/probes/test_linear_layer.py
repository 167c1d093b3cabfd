import numpy as np
import pytest
from sklearn.svm import LinearSVC

from lessup.errors import DataError
from lessup.probes.layer_choice import support_vector_machine
from lessup.probes.linear_layer import linear_layer
from lessup.probes.spaces import BIAS
from lessup.samples.label_draws import LabelledPool, hold_out


def pool_of(label):
    return LabelledPool(
        parts=(),
        targets=(label[:, None] == np.arange(3)).astype(np.int8),
        several=False,
        classes=("a", "b", "c"),
        family=np.arange(len(label)),
        held_out=np.zeros(len(label), bool),
        unlabelled=0,
    )


def clusters(num=90, width=6):
    rng = np.random.default_rng(0)
    label = np.arange(num) % 3
    return (rng.normal(size=(num, width)) + 2 * np.eye(3, width)[label] + 7).astype(np.float32), label


@pytest.mark.parametrize("width", [6, 40])
def test_scores_are_those_of_liblinear_on_features_as_they_came_in(width):
    features, label = clusters(width=width)
    known = np.arange(60)
    layer = linear_layer(features, pool_of(label), known, support_vector_machine((1.0,)))
    centre = features[known].astype(np.float64).mean(0)
    length = np.sqrt(((features[known] - centre) ** 2).sum(1).mean())
    scaled = np.c_[(features - centre) / length, np.full(90, BIAS**0.5)]
    machine = LinearSVC(C=1.0, fit_intercept=False, tol=1e-8, max_iter=100_000).fit(scaled[known], label[known])
    wanted = machine.decision_function(scaled)
    assert layer.scores(features).shape == (90, 3)
    np.testing.assert_allclose(layer.scores(features), wanted, atol=0.1)  # to liblinear's usual tolerance
    assert (layer.scores(features).argmax(1) == wanted.argmax(1)).mean() > 0.95


def test_strength_is_the_best_on_samples_held_out_of_the_known_ones():
    features, label = clusters()
    pool, known, strengths = pool_of(label), np.arange(60), (1e-4, 1e-2, 1.0, 100.0)
    features[60:] = 0  # whatever is not known has no say
    parted = hold_out(pool, known)
    accuracies = []
    for strength in strengths:
        alone = linear_layer(features, pool, parted.known, support_vector_machine((strength,)))
        told = alone.scores(features[parted.asked]).argmax(1)
        accuracies.append(100 * float((told == label[parted.asked]).mean()))
    layer = linear_layer(features, pool, known, support_vector_machine(strengths))
    assert len(set(accuracies)) > 1, "there is something to choose"
    assert layer.strength == strengths[int(np.argmax(accuracies))]
    assert layer.validation == pytest.approx(max(accuracies))
    few = linear_layer(features, pool, np.arange(6), support_vector_machine((0.1, 1.0)))
    assert few.strength == 0.1
    assert np.isnan(few.validation)


def test_equal_features_are_refused():
    with pytest.raises(DataError, match="all features are equal"):
        linear_layer(np.ones((9, 4), np.float32), pool_of(np.arange(9) % 3), np.arange(9), support_vector_machine())
