import itertools

import numpy as np
import pytest
from training_toys import points

from lessup.training.batches import Order, Parts


def test_every_sample_is_seen_once_an_epoch():
    order = Order(num_samples=12, batch_size=4, seed=3)
    for epoch in range(3):
        seen = np.concatenate([order.batch(step) for step in range(3 * epoch, 3 * epoch + 3)])
        assert sorted(seen) == list(range(12))


def test_epochs_and_seeds_differ():
    orders = [
        Order(num_samples=50, batch_size=50, seed=seed).batch(step).tolist() for seed in (0, 1) for step in (0, 1)
    ]
    assert len(set(map(tuple, orders))) == 4


def test_batches_straddle_epochs_without_losing_a_sample():
    order = Order(num_samples=7, batch_size=3, seed=0)
    seen = np.concatenate([order.batch(step) for step in range(7)])  # three epochs of seven
    assert sorted(seen) == sorted([*range(7)] * 3)
    assert [len(order.batch(step)) for step in range(7)] == [3] * 7


def test_data_smaller_than_a_batch_wraps_round():
    batch = Order(num_samples=3, batch_size=8, seed=0).batch(0)
    assert sorted(np.bincount(batch)) == [2, 3, 3]


@pytest.mark.parametrize("num_parts", [2, 4])
def test_parts_laid_end_to_end_are_the_global_batch(num_parts):
    order = Order(num_samples=30, batch_size=8, seed=1)
    parts = [order.batch(5, part, num_parts) for part in range(num_parts)]
    assert np.concatenate(parts).tolist() == order.batch(5).tolist()


def test_a_later_start_continues_the_same_batches():
    def take(first_step: int, count: int) -> list:
        parts = Parts(points(11), Order(11, 4, 0), first_step, rank=1, world_size=2, accumulate=2)
        return [batch["compact"].tolist() for batch in itertools.islice(parts, count)]

    assert take(0, 12)[6:] == take(3, 6)  # two parts an update
