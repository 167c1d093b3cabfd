"""Neighbours equal scikit-learn's, whichever way they are searched for."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from lessup.errors import UsageError
from lessup.probes import nearest as module
from lessup.probes.nearest import Neighbours, nearest, nearest_of_others, weighted_vote

WAYS = pytest.mark.parametrize("way", ["products", "loops"])


@pytest.fixture
def search(way, monkeypatch):
    if way == "loops":
        monkeypatch.setattr(module, "LARGE", 0)
        monkeypatch.setattr(module, "AT_ONCE", 50)
    else:
        monkeypatch.setattr(module, "LARGE", math.inf)
        monkeypatch.setattr(module, "BLOCK", 3000)
    return nearest


def features(number, width, seed, spread=0.0):
    generator = torch.Generator().manual_seed(seed)
    length = (spread * torch.randn(number, 1, generator=generator)).exp()
    return 3 + length * torch.randn(number, width, generator=generator)


@WAYS
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(("number", "width", "k"), [(500, 33, 1), (1111, 64, 20), (1000, 2, 100)])
def test_neighbours_equal_scikit_learns(search, metric, number, width, k):
    bank, queries = features(number, width, 0, 1.0), features(131, width, 1, 1.0)
    got = search(queries, bank, k, metric=metric)
    machine = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric).fit(bank.double().numpy())
    distance, index = machine.kneighbors(queries.double().numpy())
    np.testing.assert_allclose(got.distance, distance, rtol=1e-5, atol=2e-6)
    # Rows nearer to one another than floats can tell may change places.
    assert (got.index.numpy() == index).mean() > (0.8 if width == 2 else 0.995)
    own = module._in_products(queries.double(), bank.double(), k, metric, None)
    np.testing.assert_allclose(own.distance, distance, rtol=1e-7, atol=1e-7)


@WAYS
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_row_that_is_left_out_is_not_found(search, metric):
    bank = features(300, 16, 0)
    got = search(bank, bank, 5, metric=metric, leave_out=torch.arange(300))
    assert not (got.index == torch.arange(300)[:, None]).any()
    whole = search(bank, bank, 6, metric=metric)
    assert whole.index[:, 0].equal(torch.arange(300))
    assert got.index.equal(whole.index[:, 1:])


@WAYS
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("copies", [100, 1000], ids=["some", "more than the loops hold"])
def test_many_equal_rows_are_all_as_near(search, metric, copies):
    different = 4000 // copies
    bank, queries = features(different, 8, 0).repeat(copies, 1), features(20, 8, 1)
    got = search(queries, bank, 90, metric=metric)
    single = nearest(queries, bank[:different], 1, metric=metric)
    torch.testing.assert_close(got.distance, single.distance.expand(-1, 90), rtol=1e-4, atol=1e-5)
    assert (got.index % different == single.index).all()
    assert all(len(row.unique()) == 90 for row in got.index)


@WAYS
def test_zero_rows_have_no_direction_but_a_place(search):
    bank = torch.cat([features(200, 4, 0) - 3, torch.zeros(1, 4)])
    queries = torch.cat([torch.zeros(1, 4), bank[:1]])
    got = search(queries, bank, 3)
    torch.testing.assert_close(got.distance[0], torch.ones(3))
    assert got.index[1, 0] == 0
    near = search(queries, bank, 1, metric="euclidean")
    assert near.index.tolist() == [[200], [0]]
    assert near.distance.tolist() == [[0.0], [0.0]]


@WAYS
def test_one_long_row_does_not_hide_the_others(search):
    bank = features(400, 8, 0)
    bank[7] *= 1e4
    got = search(bank, bank, 10, metric="euclidean")
    wanted = torch.cdist(bank.double(), bank.double()).topk(10, largest=False)
    torch.testing.assert_close(got.distance.double(), wanted.values, rtol=1e-4, atol=1e-3)
    assert (got.index == wanted.indices).float().mean() > 0.99


def test_threads_find_what_one_finds(monkeypatch):
    monkeypatch.setattr(module, "LARGE", 0)
    bank, queries = features(900, 16, 0), features(37, 16, 1)
    one = nearest(queries, bank, 9)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    several = nearest(queries, bank, 9)
    assert several.index.equal(one.index)
    assert several.distance.equal(one.distance)


def test_a_processor_without_the_instruction_searches_by_products(monkeypatch):
    from lessup.probes import nearest_kernels

    monkeypatch.setattr(module, "LARGE", 0)
    bank, queries = features(300, 8, 0), features(10, 8, 1)
    wanted = nearest(queries, bank, 4)
    monkeypatch.setattr(nearest_kernels, "processor_suits", lambda: False)
    assert nearest(queries, bank, 4).index.equal(wanted.index)


def test_no_queries_find_nothing():
    assert nearest(torch.zeros(0, 3), torch.ones(5, 3), 2).index.shape == (0, 2)


@pytest.mark.parametrize(("k", "leave_out"), [(0, False), (6, False), (5, True)])
def test_more_neighbours_than_there_are_is_refused(k, leave_out):
    bank = torch.ones(5, 3)
    with pytest.raises(UsageError, match="rows to find"):
        nearest(bank, bank, k, leave_out=torch.arange(5) if leave_out else None)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_of_other_groups_equal_plain_loops(metric):
    rng = np.random.default_rng(0)
    bank, queries = rng.normal(size=(20, 3)), rng.normal(size=(4, 3))
    group, own = np.arange(20) // 3, np.array([0, 5, -1, 6])
    found = nearest_of_others(
        torch.from_numpy(queries).float(),
        torch.from_numpy(bank).float(),
        4,
        own=torch.from_numpy(own),
        group=torch.from_numpy(group),
        metric=metric,
    )
    for query, kind, index, distance in zip(queries, own, found.index.tolist(), found.distance.tolist(), strict=True):
        far = {}
        for place, row in enumerate(bank):
            cosine = (row @ query) / math.sqrt((row @ row) * (query @ query))
            if group[place] != kind:
                far[place] = 1 - cosine if metric == "cosine" else math.dist(row, query)
        wanted = sorted(far, key=far.get)[:4]
        assert index == wanted
        assert distance == pytest.approx([far[place] for place in wanted], abs=1e-5)


def test_more_neighbours_of_other_groups_than_there_are_is_refused():
    bank, group = torch.eye(4), torch.tensor([0, 0, 0, 1])
    assert nearest_of_others(bank[:1], bank, 1, own=torch.tensor([0]), group=group).index.tolist() == [[3]]
    with pytest.raises(UsageError, match="2 neighbours were asked for: wanted 1 to 1"):
        nearest_of_others(bank[:1], bank, 2, own=torch.tensor([0]), group=group)


def test_votes_are_those_of_the_paper():
    similarity = torch.tensor([[0.9, 0.7, 0.1]])
    found = Neighbours(torch.tensor([[4, 2, 0]]), 1 - similarity)
    label = torch.tensor([1, 0, 2, 0, 1])
    weight = (similarity.double() / 0.07).exp()[0]
    wanted = torch.tensor([[0.0, weight[0] + weight[2], weight[1]]]) / weight.sum()
    torch.testing.assert_close(weighted_vote(found, label, num_classes=3).double(), wanted.double())


def test_votes_without_a_label_do_not_count_and_alike_ones_count_alike():
    found = Neighbours(torch.tensor([[0, 1, 2]]), torch.tensor([[0.0, 0.5, 2.0]]))
    votes = weighted_vote(found, torch.tensor([1, -1, 0]), num_classes=2, temperature=math.inf)
    torch.testing.assert_close(votes, torch.tensor([[1 / 3, 1 / 3]]))
