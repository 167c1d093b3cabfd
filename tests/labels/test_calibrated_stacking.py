"""What seen classes lose is what the definition says, and what is chosen helps classes that were never seen."""

import numpy as np
import pytest

from lessup.labels.calibrated_stacking import CalibratedStacking, chosen_penalty, penalised, seen_unseen_curve
from lessup.labels.eszsl import ESZSL


def class_mean(told, code, kind):
    return np.mean([(told[code == one] == one).mean() for one in np.unique(code) if kind[one]])


def test_the_curve_is_that_of_telling_anew_with_every_penalty():
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.full(7, 0.3), 60)
    code, seen = np.arange(60) % 7, np.array([1, 1, 0, 1, 0, 1, 0], bool)
    curve = seen_unseen_curve(shares, code, seen)
    for penalty, known, new in zip(curve.penalty, curve.seen, curve.unseen, strict=True):
        told = (np.log(shares) - penalty * seen).argmax(1)
        assert known == pytest.approx(class_mean(told, code, seen))
        assert new == pytest.approx(class_mean(told, code, ~seen))
        np.testing.assert_array_equal(penalised(shares, seen, penalty).argmax(1), told)
    for place in (0, 5, len(curve.penalty) - 1):
        assert curve.at(curve.penalty[[place]]).ravel().tolist() == [curve.seen[place], curve.unseen[place]]
    steps = [
        (curve.seen[i] - curve.seen[i + 1]) * (curve.unseen[i] + curve.unseen[i + 1]) / 2
        for i in range(len(curve.seen) - 1)
    ]
    assert curve.area == pytest.approx(sum(steps))


@pytest.fixture
def described():
    """30 classes of 20 samples, described by 16 numbers that the features mix."""
    generator = np.random.default_rng(1)
    vectors = {f"c{number:02}": generator.normal(size=16) for number in range(30)}
    name = np.repeat(list(vectors), 20)
    mixed = np.stack([vectors[one] for one in name]) @ generator.normal(size=(16, 40))
    x = mixed + 2 * generator.normal(size=(600, 40))
    return vectors, x, name


def test_unseen_classes_gain_by_what_is_chosen_on_seen_ones(described):
    vectors, x, name = described
    seen = name < "c16"
    learnt = seen & (np.arange(600) % 2 == 0)
    stacked = CalibratedStacking(ESZSL(vectors)).fit(x[learnt], name[learnt])
    plain = ESZSL(vectors).fit(x[learnt], name[learnt])

    def harmonic(estimator):
        told = estimator.predict(x[~learnt])
        right = told == name[~learnt]
        known, new = right[seen[~learnt]].mean(), right[~seen[~learnt]].mean()
        return 2 * known * new / (known + new)

    assert stacked.seen_penalty_ > 0
    assert harmonic(stacked) > harmonic(plain) + 0.05


def test_a_penalty_that_is_given_holds_and_none_is_chosen_where_no_class_can_be_held_out(described):
    vectors, x, name = described
    some = name < "c03"
    found = CalibratedStacking(ESZSL(vectors), seen_penalty=2.0).fit(x[some], name[some])
    assert found.seen_penalty_ == 2.0
    assert chosen_penalty(found.estimator_, x[some], name[some], 0) == 0
    assert chosen_penalty(ESZSL().fit(x, name), x, name, 0) == 0
    alone = np.arange(0, 600, 20)  # one sample a class: none can be told beside those of the unseen
    assert chosen_penalty(ESZSL(vectors), x[alone], name[alone], 0) == 0
