"""The sparse graph equals one made by loops from all distances."""

import math

import numpy as np
import pytest

from lessup.errors import UsageError
from lessup.labels import neighbour_graph as module
from lessup.labels.neighbour_graph import nearest_known, neighbour_graph


def by_loops(x, k, sigma):
    num = len(x)
    distance = [[math.dist(x[i], x[j]) for j in range(num)] for i in range(num)]
    near = [sorted((j for j in range(num) if j != i), key=lambda j: distance[i][j])[:k] for i in range(num)]
    scale = [distance[i][near[i][-1]] for i in range(num)]
    weight = np.zeros((num, num))
    for i in range(num):
        for j in near[i]:
            if sigma is None:
                value = math.exp(-(distance[i][j] ** 2) / (scale[i] * scale[j]))
            else:
                value = 1.0 if math.isinf(sigma) else math.exp(-(distance[i][j] ** 2) / (2 * sigma**2))
            weight[i, j] = weight[j, i] = value
    return weight


@pytest.mark.parametrize("width", [3, 20], ids=["tree", "products"])
@pytest.mark.parametrize("sigma", [None, 1.5, math.inf])
def test_the_graph_equals_one_by_loops(width, sigma):
    x = np.random.default_rng(0).normal(size=(40, width)) * 2 + 7
    graph = neighbour_graph(x, 5, sigma=sigma)
    np.testing.assert_allclose(graph.weight.toarray(), by_loops(x, 5, sigma), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("width", [2, 20], ids=["tree", "products"])
def test_equal_samples_are_near_one_another_and_never_their_own_neighbours(width):
    x = np.repeat(np.random.default_rng(0).normal(size=(5, width)), 6, axis=0)
    graph = neighbour_graph(x, 3)
    assert (graph.weight.diagonal() == 0).all()
    assert ((graph.weight > 0).sum(1) >= 3).all()
    rows, columns = graph.weight.nonzero()
    assert (rows // 6 == columns // 6).all()
    assert np.isfinite(graph.weight.data).all()


def test_more_neighbours_than_samples_join_all():
    graph = neighbour_graph(np.arange(4.0)[:, None], 10)
    assert graph.weight.nnz == 12


def test_all_samples_in_one_point_are_joined():
    assert neighbour_graph(np.ones((4, 2)), 2).weight.sum() > 0


def test_the_nearest_of_others_are_found_either_way(monkeypatch):
    x, queries = (np.random.default_rng(seed).normal(size=(size, 4)) for seed, size in ((0, 50), (1, 9)))
    by_tree = nearest_known(queries, x, 3)
    monkeypatch.setattr(module, "TREE_WIDTH", 0)
    by_products = nearest_known(queries, x, 3)
    assert (by_tree[0] == by_products[0]).all()
    np.testing.assert_allclose(by_tree[1], by_products[1], rtol=1e-5)


@pytest.mark.parametrize(("k", "sigma"), [(0, None), (3, 0.0), (3, math.nan)])
def test_a_setting_out_of_range_is_refused(k, sigma):
    with pytest.raises(UsageError, match="wanted 1 or more, and None or a number above 0"):
        neighbour_graph(np.eye(4), k, sigma=sigma)
