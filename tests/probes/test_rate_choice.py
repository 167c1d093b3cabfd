"""The choice of a rate, with stand-ins for training."""

import numpy as np
import pytest

from lessup.probes.rate_choice import chosen_rate
from lessup.samples.label_draws import LabelledPool


def pool_of(targets, *, several=False):
    count = len(targets)
    nothing_held_out = np.zeros(count, bool)
    return LabelledPool((), targets, several, ("a", "b"), np.arange(count), nothing_held_out, 0)


def right_at(best, targets, seen):
    """Return a stand-in whose decisions are right at one rate and reversed at all others."""

    def decide(draw, rate):
        seen.append((rate, draw))
        return (targets[draw.asked] if rate == best else -targets[draw.asked]).astype(np.float32)

    return decide


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("best", [0.1, 0.2, 0.3])
def test_the_rate_that_tells_held_out_samples_best_is_chosen(best, several):
    targets = np.eye(2, dtype=np.int8)[np.arange(12) % 2]
    seen = []
    pool = pool_of(targets, several=several)
    assert chosen_rate((0.1, 0.2, 0.3), pool, np.arange(10), right_at(best, targets, seen)) == best
    for _, draw in seen:
        assert set(draw.known) | set(draw.asked) == set(range(10))
        assert not set(draw.known) & set(draw.asked)
        assert targets[draw.asked].sum(0).tolist() == [1, 1]  # a third of five, rounded down


def test_of_equally_good_rates_the_first_is_taken():
    targets = np.eye(2, dtype=np.int8)[np.arange(12) % 2]
    assert chosen_rate((0.2, 0.1), pool_of(targets), np.arange(12), right_at(None, targets, [])) == 0.2


@pytest.mark.parametrize(("rates", "known"), [((0.5,), 12), ((0.5, 0.1), 4)])
def test_one_rate_or_too_few_samples_leave_no_choice(rates, known):
    targets = np.eye(2, dtype=np.int8)[np.arange(12) % 2]
    seen = []
    assert chosen_rate(rates, pool_of(targets), np.arange(known), right_at(0.1, targets, seen)) == 0.5
    assert not seen
