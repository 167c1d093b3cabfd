from collections import Counter

import numpy as np
import pytest

from lessup.errors import DataError, UsageError
from lessup.training.episodes import Episodes

LABEL = np.repeat(np.arange(7), 6)
LABEL[:2] = -1  # class 0 keeps four samples


def test_batch_holds_whole_runs_of_different_samples_of_different_classes():
    episodes = Episodes.of(LABEL, batch_size=15, seed=0, per_class=5)
    for step in range(50):
        drawn = episodes.batch(step).reshape(3, 5)
        assert len(np.unique(drawn)) == 15
        classes = LABEL[drawn]
        assert (classes == classes[:, :1]).all()
        assert len(set(classes[:, 0])) == 3
        assert 0 not in classes[:, 0]  # it has too few


def test_batch_depends_on_seed_and_step_alone_and_all_classes_come_equally_often():
    episodes = Episodes.of(LABEL, batch_size=12, seed=3, per_class=4)
    assert np.array_equal(episodes.batch(9), Episodes.of(LABEL, batch_size=12, seed=3, per_class=4).batch(9))
    counts = Counter(LABEL[np.concatenate([episodes.batch(step)[::4] for step in range(700)])].tolist())
    assert sorted(counts) == [*range(7)]
    assert max(abs(count - 300) for count in counts.values()) < 60


def test_copies_let_a_class_come_again_but_not_more_often():
    episodes = Episodes.of(np.repeat([0, 1], 4), batch_size=8, seed=0, per_class=1, copies=4)
    label = np.repeat([0, 1], 4)
    assert all(Counter(label[episodes.batch(step)].tolist()) == {0: 4, 1: 4} for step in range(10))
    six = Episodes.of(label, batch_size=6, seed=0, per_class=1, copies=4)
    assert {tuple(sorted(Counter(label[six.batch(step)].tolist()).values())) for step in range(40)} == {(2, 4), (3, 3)}


def test_parts_of_a_batch_are_episodes_of_their_own():
    episodes = Episodes.of(LABEL, batch_size=12, seed=0, per_class=3, parts=2)
    parts = [episodes.batch(5, part, 2) for part in range(2)]
    assert [len(part) for part in parts] == [6, 6]
    assert not np.array_equal(*parts)


def test_more_ways_than_classes_says_what_fits():
    with pytest.raises(DataError, match=r"episode of 9 classes wants 5 images .* 6 of 7 classes have .* 30 or less"):
        Episodes.of(LABEL, batch_size=45, seed=0, per_class=5)


def test_classes_that_do_not_fill_a_batch_are_refused():
    with pytest.raises(UsageError, match=r"a batch of 32 does not hold whole classes of 6 .* --batch-size 30"):
        Episodes.of(LABEL, batch_size=32, seed=0, per_class=6)
    with pytest.raises(UsageError, match=r"a batch of 12 in each of 2 parts .* --batch-size 24"):
        Episodes.of(LABEL, batch_size=12, seed=0, per_class=6, parts=2)


def test_no_labels_at_all_are_refused():
    with pytest.raises(DataError, match="0 of 0 classes"):
        Episodes.of(np.full(9, -1), batch_size=12, seed=0, per_class=6)
