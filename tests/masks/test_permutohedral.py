"""The lattice keeps to its geometry, filters as Gaussians do, and the compiled loops build the same one."""

import numpy as np
import pytest
import torch

from lessup.errors import DataError, ShapeError
from lessup.masks import permutohedral
from lessup.masks.permutohedral import Lattice
from lessup.masks.permutohedral_kernels import blur, corners_around, joined


def points(number, dimensions, seed=0, spread=3.0):
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.rand(number, dimensions, generator=generator, dtype=torch.float64)


def gaussian_mean(position, value):
    """Weigh the values of all points by exp(-d^2 / 2), in plain loops."""
    result = torch.zeros_like(value)
    for i, here in enumerate(position):
        weight = [float(torch.exp(-((here - there) ** 2).sum() / 2)) for there in position]
        for j, one in enumerate(weight):
            result[i] += one / sum(weight) * value[j]
    return result


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_filter_comes_near_the_gaussian_mean(dimensions):
    position = points(150, dimensions)
    value = torch.stack([position.sum(1).sin(), position[:, 0]], 1)
    lattice = Lattice.around(position)
    got = lattice.filter(value) / lattice.filter(torch.ones(150, 1, dtype=torch.float64))
    wanted = gaussian_mean(position, value)
    assert (got - wanted).norm() < 0.15 * (wanted - value.mean(0)).norm()


def test_points_by_the_hundred_on_one_corner_all_count():
    position = torch.tensor([[0.2], [50.0]], dtype=torch.float64).repeat_interleave(torch.tensor([1000, 129]), 0)
    value = torch.rand(1129, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    lattice = Lattice.around(position)
    mean = lattice.filter(value) / lattice.filter(torch.ones(1129, 1, dtype=torch.float64))
    torch.testing.assert_close(mean[:1000], value[:1000].mean(0).expand(1000, 2))
    torch.testing.assert_close(mean[1000:], value[1000:].mean(0).expand(129, 2))


def test_filter_of_one_point_among_many_is_a_bell_of_standard_deviation_1():
    x = torch.arange(-4, 4, 0.01, dtype=torch.float64)[:, None] + 50
    response = Lattice.around(x).filter(((x - 50).abs() < 0.005).double())[:, 0]
    mean = (response * x[:, 0]).sum() / response.sum()
    assert mean == pytest.approx(50, abs=0.05)
    assert ((response * (x[:, 0] - mean) ** 2).sum() / response.sum()).sqrt() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("dimensions", [1, 2, 4, 7])
def test_every_point_is_the_mean_of_its_corners_by_its_shares(dimensions):
    position = points(60, dimensions, spread=20) - 10
    elevated = permutohedral._elevated(position)
    torch.testing.assert_close(elevated.sum(1), torch.zeros(60, dtype=torch.float64), rtol=0, atol=1e-9)
    nearest, order, share = permutohedral._simplex(elevated)
    assert share.min() >= 0
    assert (nearest.sum(1) == 0).all()
    assert (nearest % (dimensions + 1) == 0).all()
    for point in range(60):
        corner, mean = nearest[point].clone(), torch.zeros(dimensions + 1, dtype=torch.float64)
        for remainder in range(dimensions + 1):
            assert (corner % (dimensions + 1) == remainder).all()
            mean += share[point, remainder] * corner
            corner += 1
            corner[order[point, dimensions - remainder]] -= dimensions + 1
        torch.testing.assert_close(mean, elevated[point])
        assert corner.equal(nearest[point])  # once around


def test_elevation_scales_distances_alike_in_every_direction():
    position = points(20, 4)
    apart = torch.pdist(permutohedral._elevated(position)) / torch.pdist(position)
    torch.testing.assert_close(apart, torch.full_like(apart, 5 * (2 / 3) ** 0.5))


def test_neighbours_are_mutual_and_those_of_the_coordinates():
    position = points(80, 3)
    nearest, order, _ = permutohedral._simplex(permutohedral._elevated(position))
    lattice, where = Lattice.around(position), {}
    for point in range(80):
        corner = nearest[point].clone()
        for remainder in range(4):
            key = tuple(corner.tolist())
            assert where.setdefault(key, int(lattice.corner[point, remainder])) == lattice.corner[point, remainder]
            corner += 1
            corner[order[point, 3 - remainder]] -= 4
    assert len(set(where.values())) == len(where) == lattice.neighbour.shape[2]
    for key, index in where.items():
        for axis in range(4):
            for side, sign in enumerate((-1, 1)):
                there = tuple(c + sign * (1 - 4 * (i == axis)) for i, c in enumerate(key))
                assert lattice.neighbour[axis, side, index] == where.get(there, len(where))


def test_groups_share_no_corner():
    position = points(40, 3)
    twice, group = position.repeat(2, 1), torch.arange(2).repeat_interleave(40)
    value = torch.randn(80, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    apart = torch.cat([Lattice.around(position).filter(part) for part in value.split(40)])
    torch.testing.assert_close(Lattice.around(twice, group).filter(value), apart)


@pytest.mark.parametrize("dimensions", [1, 2, 5, 12])
def test_loops_build_the_same_lattice_and_blur_alike(dimensions):
    position = points(400, dimensions, spread=4).float()
    position[::7] = 0  # ties
    lattice, corners = Lattice.around(position), corners_around(position.numpy())
    assert corners.number == lattice.neighbour.shape[2]
    pairs = set(zip(lattice.corner.flatten().tolist(), corners.corner.flatten().tolist(), strict=True))
    assert len(pairs) == corners.number  # one to one
    torch.testing.assert_close(torch.from_numpy(corners.share), lattice.share, rtol=0, atol=2e-6)
    value = torch.rand(400, 8, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(filtered(corners, value.numpy()), lattice.filter(value), rtol=1e-4, atol=1e-5)


def filtered(corners, value):
    """Splat, blur with the compiled loops and slice."""
    mixed = np.zeros((corners.number, 8), np.float32)
    np.add.at(mixed, corners.corner, corners.share[:, :, None] * value[:, None])
    blur(corners.line, corners.start, 8, mixed.reshape(-1))
    return (corners.share[:, :, None] * mixed[corners.corner]).sum(1)


def test_joined_lattices_filter_to_the_sum():
    parts = [corners_around(points(50, dimensions).float().numpy()) for dimensions in (2, 5, 3)]
    value = np.random.default_rng(0).random((50, 8), np.float32)
    wanted = sum(filtered(part, value) for part in parts)
    np.testing.assert_allclose(filtered(joined(parts), value), wanted, rtol=1e-5, atol=1e-6)


def test_hash_table_grows_to_half_a_million_corners():
    position = 1000 * np.random.default_rng(0).random((100_000, 5), np.float32)
    assert corners_around(position).number == Lattice.around(torch.from_numpy(position)).neighbour.shape[2] > 500_000


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e7])
def test_positions_without_a_place_are_refused(value):
    with pytest.raises(DataError, match="wanted finite ones up to"):
        Lattice.around(torch.tensor([[0.0], [value]]))


def test_no_points_or_dimensions_are_refused():
    for shape in ((0, 2), (2, 0), (3,)):
        with pytest.raises(ShapeError, match="both at least 1"):
            Lattice.around(torch.zeros(shape))
