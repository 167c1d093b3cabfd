import math

import numpy as np
import pytest
import torch

from lessup.metrics.collapse import effective_rank, relative_spread


def features(count: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def spread_by_loops(x: np.ndarray) -> list[float]:
    count, width = x.shape
    size = math.sqrt(sum(x[i, j] ** 2 for i in range(count) for j in range(width)) / (count * width))
    spread = []
    for j in range(width):
        mean = sum(x[i, j] for i in range(count)) / count
        spread.append(math.sqrt(sum((x[i, j] - mean) ** 2 for i in range(count)) / count) / size)
    return spread


def rank_by_svd(x: np.ndarray) -> float:
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    share = singular / singular.sum()
    return math.exp(-sum(p * math.log(p) for p in share if p > 0))


def test_spread_equals_plain_loops():
    x = features(9, 4) * torch.tensor([1.0, 0.1, 5.0, 0.0]) + 2
    assert relative_spread(x).tolist() == pytest.approx(spread_by_loops(x.double().numpy()), rel=1e-9)


@pytest.mark.parametrize(("count", "width"), [(20, 7), (7, 20), (30, 30)])
def test_effective_rank_equals_singular_values_of_numpy(count, width):
    x = features(count, width) @ torch.diag(torch.linspace(0.01, 1, width)) + 3
    assert effective_rank(x) == pytest.approx(rank_by_svd(x.double().numpy()), rel=1e-6)


def test_effective_rank_of_equal_singular_values_is_their_number():
    assert effective_rank(torch.cat([torch.eye(5), -torch.eye(5)])) == pytest.approx(5)


def test_effective_rank_of_features_on_a_line_is_one():
    line = torch.linspace(-1, 1, 50)[:, None] * torch.tensor([[1.0, -2.0, 0.5]]) + 4
    assert effective_rank(line) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("value", [0.0, 1.0, -1e-20, 1e20])
def test_equal_features_have_neither_spread_nor_rank(value):
    constant = torch.full((10, 3), value)
    assert relative_spread(constant).max().item() < 1e-9
    assert effective_rank(constant) == 0


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_neither_measure_depends_on_scale(factor):
    x = features(16, 5)
    assert relative_spread(x * factor).tolist() == pytest.approx(relative_spread(x).tolist(), rel=1e-5)
    assert effective_rank(x * factor) == pytest.approx(effective_rank(x), rel=1e-5)


def test_effective_rank_does_not_depend_on_a_common_offset_or_a_rotation():
    x = features(40, 6).double() * torch.arange(1, 7)
    rotation = torch.linalg.qr(features(6, 6, seed=1).double()).Q
    assert effective_rank(x @ rotation + 100) == pytest.approx(effective_rank(x), rel=1e-6)
