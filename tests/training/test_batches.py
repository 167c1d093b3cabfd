import itertools

import numpy as np
import pytest
from training_toys import points

from lessup.errors import UsageError
from lessup.training.batches import LabelledFirst, Order, Parts, in_runs


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


@pytest.mark.parametrize("together", [2, 3, 4])
def test_samples_of_a_class_follow_one_another_in_runs(together):
    label = np.random.default_rng(0).permutation(np.repeat(np.arange(5), [1, 2, 7, 8, 9]))
    order = Order(len(label), len(label), 0, label=label, together=together)
    for epoch in range(3):
        seen = order.batch(epoch)
        assert sorted(seen) == list(range(len(label)))
        left = {k: np.count_nonzero(label == k) for k in range(5)}
        lengths = [len([*run]) for _, run in itertools.groupby(label[seen])]  # neighbouring runs may be of one class
        assert sum(lengths) == len(label)
        alone = [k for k, run in itertools.groupby(label[seen]) if len([*run]) == 1]
        assert alone == [k for k in alone if left[k] == 1]


def test_runs_are_of_other_samples_in_another_order_each_epoch():
    label = np.repeat(np.arange(10), 10)
    order = Order(100, 100, 0, label=label, together=2)
    couples = [frozenset(map(tuple, np.sort(order.batch(epoch).reshape(-1, 2)))) for epoch in range(2)]
    assert all((np.diff(label[np.array([*each])]) == 0).all() for each in couples)
    assert len(couples[0] & couples[1]) < 25  # a tenth or so by chance
    first = [label[order.batch(epoch)[0]] for epoch in range(20)]
    assert len(set(first)) > 3


def test_a_batch_of_runs_holds_pairs_of_one_class_however_many_classes_there_are():
    label = np.repeat(np.arange(1000), 2)
    mixed, runs = (Order(2000, 32, 0, label=label, together=together) for together in (1, 2))
    equal = [np.mean([32 - len(set(label[order.batch(step)])) for step in range(20)]) for order in (mixed, runs)]
    assert equal[0] < 2
    assert equal[1] == 16


def test_samples_without_a_label_are_runs_of_their_own():
    label = np.array([-1, 0, -1, 0, -1, 0, -1, 0])
    found = [in_runs(label, 2, np.random.default_rng(seed)).tolist() for seed in range(30)]
    assert len({tuple(each) for each in found}) > 20
    assert all(abs(each.index(1) - each.index(3)) == 1 for each in found)
    assert any(abs(each.index(0) - each.index(2)) > 1 for each in found)


LABEL = np.array([-1, 2, -1, -1, 0, 1, -1, -1, -1, 0])


def test_a_batch_begins_with_labelled_samples_and_goes_on_with_any():
    order = LabelledFirst.of(LABEL, batch_size=8, seed=0, ratio=3)
    batches = np.stack([order.batch(step) for step in range(10)])
    known, others = batches[:, :2].ravel(), batches[:, 2:].ravel()
    assert np.bincount(known, minlength=10).tolist() == [0, 5, 0, 0, 5, 5, 0, 0, 0, 5]  # 20 places for 4
    assert np.bincount(others).tolist() == [6] * 10  # labelled samples are among them


def test_every_part_of_a_batch_begins_with_its_labelled_samples():
    order = LabelledFirst.of(LABEL, batch_size=16, seed=1, ratio=3, parts=2)
    whole, parts = order.batch(4), [order.batch(4, part, 2) for part in (0, 1)]
    assert np.concatenate([parts[0][:2], parts[1][:2], parts[0][2:], parts[1][2:]]).tolist() == whole.tolist()


def test_a_batch_that_cannot_be_cut_so_is_refused_with_one_that_can():
    with pytest.raises(UsageError, match="--batch-size 24"):
        LabelledFirst.of(LABEL, batch_size=20, seed=0, ratio=3, parts=2)
