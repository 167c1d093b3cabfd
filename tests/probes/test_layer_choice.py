import math

import numpy as np
import pytest

from lessup.metrics.decisions import decision_scores
from lessup.probes.layer_choice import Choice, choose, described, logistic_regression, support_vector_machine
from lessup.samples.label_draws import Draw, LabelledPool, hold_out


def pool_of(label, num_classes=2):
    label = np.asarray(label)
    return LabelledPool(
        parts=(),
        targets=(label[:, None] == np.arange(num_classes)).astype(np.int8),
        several=False,
        classes=tuple("abc"[:num_classes]),
        family=np.arange(len(label)),
        held_out=np.zeros(len(label), bool),
        unlabelled=0,
    )


@pytest.fixture
def halves():
    """Return a pool of two classes, features that tell them apart well, badly and not at all, and a draw."""
    rng = np.random.default_rng(0)
    label = np.arange(80) % 2
    noise = rng.normal(size=(3, 80, 4))
    features = {
        "none": noise[0].astype(np.float32),
        "good": (noise[1] + 3 * label[:, None]).astype(np.float32),
        "bad": (noise[2] + 0.5 * label[:, None]).astype(np.float32),
    }
    return pool_of(label), features, Draw(np.arange(40), np.arange(40, 80))


@pytest.mark.parametrize("kind", [support_vector_machine, lambda values: logistic_regression(values, several=False)])
def test_strength_and_layer_are_the_best_on_held_out_training_samples(kind, halves):
    pool, features, draw = halves
    strengths = (1e-4, 1e-2, 1.0)
    (choice,) = choose(features, pool, [draw], kind(strengths))
    parted = hold_out(pool, draw.known)
    assert set(parted.asked) <= set(draw.known), "the test part is never looked at"
    for layer, values in features.items():
        accuracies = [
            choose({layer: values}, pool, [parted], kind((strength,)))[0].scores[layer]["accuracy"]
            for strength in strengths
        ]
        assert choice.validation[layer] == pytest.approx(max(accuracies))
        assert choice.strength[layer] == strengths[int(np.argmax(accuracies))]
    assert choice.layer == max(choice.validation, key=choice.validation.get) == "good"
    assert choice.scores["good"]["accuracy"] > 90
    assert choice.scores["none"]["accuracy"] < 75


def test_scores_are_those_of_a_machine_fitted_to_all_known_samples(halves):
    pool, features, draw = halves
    (choice,) = choose({"good": features["good"]}, pool, [draw], support_vector_machine((1.0,)))
    values, label = features["good"].astype(np.float64), pool.label
    known = values[draw.known]
    centre = known.mean(0)
    size = math.sqrt(((known - centre) ** 2).sum(1).mean())

    def prepared(rows):
        scaled = (rows - centre) / size
        return np.concatenate([scaled, np.full((len(rows), 1), math.sqrt(0.1))], 1)

    from sklearn.svm import LinearSVC

    decided = []
    for number in range(2):
        truth = np.where(label[draw.known] == number, 1, -1)
        machine = LinearSVC(C=1.0, loss="hinge", fit_intercept=False, tol=1e-6, max_iter=100_000)
        decided.append(machine.fit(prepared(known), truth).decision_function(prepared(values[draw.asked])))
    wanted = decision_scores(np.stack(decided, 1), pool.targets[draw.asked], pool.classes, several=False)
    assert choice.scores["good"]["accuracy"] == pytest.approx(wanted["accuracy"], abs=100 / 40)


def test_where_too_few_are_known_the_first_strength_and_layer_are_taken():
    pool = pool_of([0, 1, 0, 1, 0, 1])
    draw = Draw(np.array([0, 1]), np.arange(2, 6))
    rng = np.random.default_rng(0)
    features = {layer: rng.normal(size=(6, 3)).astype(np.float32) for layer in ("second", "first")}
    (choice,) = choose(features, pool, [draw], support_vector_machine((10.0, 1.0)))
    assert choice.layer == "second"
    assert set(choice.strength.values()) == {10.0}
    assert all(math.isnan(value) for value in choice.validation.values())


def test_one_choice_a_draw_in_their_order(halves):
    pool, features, draw = halves
    turned = Draw(draw.asked, draw.known)
    both = choose(features, pool, [draw, turned], support_vector_machine())
    alone = [choose(features, pool, [one], support_vector_machine())[0] for one in (draw, turned)]
    assert [choice.scores for choice in both] == [choice.scores for choice in alone]


def test_overall_scores_of_every_layer_stand_beside_the_chosen_ones():
    scores = {"fc6": {"accuracy": 50.0, "accuracy/a": 40.0}, "fc7": {"accuracy": 60.0, "accuracy/a": 70.0}}
    metrics = Choice("fc7", {}, {}, scores).metrics()
    assert metrics == {"accuracy": 60.0, "accuracy/a": 70.0, "accuracy_at_fc6": 50.0, "accuracy_at_fc7": 60.0}
    assert Choice("fc6", {}, {}, {"fc6": scores["fc6"]}).metrics() == scores["fc6"]


def test_choices_are_told_the_most_frequent_first():
    made = [Choice(layer, {layer: strength}, {}, {}) for layer, strength in [("a", 1.0), ("b", 0.1), ("b", 1.0)]]
    assert described(made) == "b (2 of 3 draws), a (1 of 3 draws), strength 0.1 or 1"
