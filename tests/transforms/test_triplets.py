"""The choice of negatives beside plain loops that make it one by one, and its speed."""

import time

import pytest
import torch
from torch.nn import functional as F

from lessup.losses.ranking import ranking_loss
from lessup.transforms.draws import Draws
from lessup.transforms.triplets import partners, triplets


def batch(num_pairs, width=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centre = torch.randn(num_pairs, width, generator=generator).repeat_interleave(2, 0)
    x = F.normalize((centre + torch.randn(2 * num_pairs, width, generator=generator)).relu(), dim=1)
    order = torch.randperm(2 * num_pairs, generator=generator)
    return x[order], torch.arange(num_pairs).repeat_interleave(2)[order]


def plain(x, pair, turn, *, margin, count, hardest):
    """Return anchor, positive and the set of negatives of each pair, from loops over lists."""
    found = []
    for number in sorted(set(pair.tolist())):
        anchor, positive = (place for place in range(len(pair)) if pair[place] == number)
        own = float(x[anchor] @ x[positive])
        others = [n for n in range(len(pair)) if pair[n] != number]
        candidates = [n for n in others if own - float(x[anchor] @ x[n]) < margin]
        candidates.sort(key=lambda n: -float(x[anchor] @ x[n]))
        row = turn[len(found)].tolist()
        if len(candidates) <= count:
            chosen = set(candidates)
        else:
            by_turn = sorted(range(count), key=lambda rank: row[rank])
            chosen = {candidates[rank] for rank in by_turn[:hardest]}
            rest = sorted((n for n in candidates if n not in chosen), key=lambda n: row[count + n])
            chosen |= set(rest[: count - hardest])
        found.append((anchor, positive, chosen))
    return found


@pytest.mark.parametrize("hardest", [0, 2, 4])
@pytest.mark.parametrize("margin", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_negatives_are_those_of_plain_loops(seed, margin, hardest):
    x, pair = batch(12, seed=seed)
    made = triplets(x @ x.T, pair, Draws.at(seed), margin=margin, count=4, hardest=hardest)
    turn = Draws.at(seed).uniform(24, 24 + 4)
    wanted = plain(x.double(), pair, turn, margin=margin, count=4, hardest=hardest)
    assert made.anchor.tolist() == [anchor for anchor, _, _ in wanted]
    assert made.positive.tolist() == [positive for _, positive, _ in wanted]
    for row, (_, _, chosen) in enumerate(wanted):
        taken = made.negative[row][made.active[row]].tolist()
        assert len(taken) == len(set(taken))
        assert set(taken) == chosen


def test_half_of_the_negatives_are_hard_and_the_others_are_from_everywhere():
    x, pair = batch(30)
    near = x @ x.T
    ranks = []
    for seed in range(40):
        made = triplets(near, pair, Draws.at(seed), margin=2.0, count=4, hardest=2)
        other = near[made.anchor].masked_fill(pair[made.anchor][:, None] == pair, -1)
        rank = other.argsort(1, descending=True).argsort(1).gather(1, made.negative)
        assert (rank[:, :2] < 4).all()
        ranks.append(rank[:, 2:])
    rank = torch.cat(ranks).flatten().float()
    assert 24 < rank.mean() < 34  # of 58
    assert rank.max() == 57


def test_pairs_are_found_in_any_order_and_lone_samples_are_negatives_alone():
    first, second = partners(torch.tensor([4, 4, 9, 4, 2, 9, 4, 4]))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(0, 1), (3, 6), (2, 5)]
    x, pair = batch(3)
    pair[0] = 99
    made = triplets(x @ x.T, pair, Draws.at(0), margin=2.0, count=4, hardest=2)
    assert len(made.anchor) == 2
    assert 0 in made.negative[made.active]


@pytest.mark.parametrize("pair", [[], [0], [0, 1], [5, 5]])
def test_batches_without_a_triplet_cost_nothing(pair):
    x = torch.ones(len(pair), 3)
    made = triplets(x @ x.T, torch.tensor(pair, dtype=torch.int64), Draws.at(0), margin=0.5, count=4, hardest=2)
    assert not made.active.any()
    loss = ranking_loss(x @ x.T, made.anchor, made.positive, made.negative, made.active, margin=0.5)
    assert loss.item() == 0


def test_hundred_random_triplets_of_the_published_size_are_chosen_and_scored_in_a_millisecond():
    x, pair = batch(50, width=1024)
    spent = []
    for step in range(30):
        start = time.process_time()
        near = x @ x.T
        made = triplets(near, pair, Draws.at(0, step), margin=2.0, count=4, hardest=0)
        ranking_loss(near, made.anchor, made.positive, made.negative, made.active, margin=2.0)
        spent.append(time.process_time() - start)
    assert made.active.sum() == 200
    assert min(spent) < 200 / 100 * 1e-3, f"{1e3 * min(spent):.2f} ms for 200 triplets"
