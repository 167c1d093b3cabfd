"""Mining against liblinear on all negatives: where none is left to mine, both are the same machine."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from lessup.errors import DataError
from lessup.probes.hard_negatives import Mining, mined_detector
from lessup.probes.spaces import BIAS


def samples(seed: int = 0, num: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(5, 3, (num, 6)).astype(np.float32)
    return features, features @ rng.normal(size=6) + rng.normal(size=num) > 18


def test_machine_with_nothing_left_to_mine_is_that_of_all_negatives() -> None:
    features, positive = samples()
    assert 10 < positive.sum() < 100
    found = mined_detector(features, positive, ~positive, Mining(cost=2.0, rounds=50))
    assert found.done
    assert found.used.sum() < (~positive).sum(), "easy negatives were never needed"
    centred = (features - features.mean(0)).astype(np.float64)
    centred /= np.sqrt(np.square(centred).sum(1).mean())
    witness = LinearSVC(C=2.0, intercept_scaling=BIAS**0.5, tol=1e-8, max_iter=100_000).fit(centred, positive)
    np.testing.assert_allclose(found.scores(features), witness.decision_function(centred), atol=0.03)


def test_rounds_begin_with_as_many_random_negatives_as_positives_and_add_the_highest() -> None:
    features, positive = samples()
    first = mined_detector(features, positive, ~positive, Mining(rounds=0))
    second = mined_detector(features, positive, ~positive, Mining(rounds=1))
    assert first.added == (positive.sum(),)
    assert first.used.sum() == positive.sum()
    assert not first.done
    mined = second.used & ~first.used
    scores = first.scores(features)
    left = ~positive & ~second.used
    assert mined.sum() == second.added[1] <= positive.sum()
    assert scores[mined].min() >= scores[left].max()
    assert not (first.used & ~second.used).any()


def test_what_is_neither_plays_no_part() -> None:
    features, positive = samples()
    negative = ~positive
    negative[::3] = False
    moved = features.copy()
    moved[~positive & ~negative] = 1e3
    one, other = (mined_detector(each, positive, negative) for each in (features, moved))
    np.testing.assert_array_equal(one.weight, other.weight)
    assert not one.used[~negative].any()


def test_seed_draws_the_first_negatives() -> None:
    features, positive = samples()
    one, other = (mined_detector(features, positive, ~positive, Mining(rounds=0, seed=seed)) for seed in (0, 1))
    assert (one.used != other.used).any()


def test_one_sided_or_collapsed_samples_are_refused() -> None:
    features, positive = samples()
    with pytest.raises(DataError, match="0 images with it and 300 without"):
        mined_detector(features, positive & False, positive | True)
    with pytest.raises(DataError, match="all features are equal"):
        mined_detector(np.ones_like(features), positive, ~positive)
