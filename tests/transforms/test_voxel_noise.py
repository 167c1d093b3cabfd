import math

import numpy as np
import pytest
import torch

from lessup.errors import ShapeError
from lessup.transforms.draws import Draws
from lessup.transforms.voxel_noise import (
    MAX_ELEVATION,
    RAYS_PER_CELL,
    cameras,
    cut,
    keep_view,
    remove_half,
    remove_random,
    remove_slices,
    visible,
)


def full(num: int, side: int) -> torch.Tensor:
    return torch.ones(num, side, side, side, dtype=torch.bool)


def random_grids(num: int, side: int, share: float) -> torch.Tensor:
    return Draws.at(seed=5).uniform(num, side, side, side) < share


def seen_by_sampling(grid: np.ndarray, azimuth: float, elevation: float) -> np.ndarray:
    """Walk along every ray in steps of two thousandths of a cell."""
    side = len(grid)
    towards = -np.array(
        [math.cos(azimuth) * math.cos(elevation), math.sin(azimuth) * math.cos(elevation), math.sin(elevation)]
    )
    main = int(abs(towards[1]) > abs(towards[0]))
    other = 1 - main
    lengths = np.arange(0, side, 2e-3) + 1e-3
    seen = np.zeros_like(grid)
    places = (np.arange(-side * RAYS_PER_CELL, 2 * side * RAYS_PER_CELL) + 0.5) / RAYS_PER_CELL
    for sideways in places:
        for height in places:
            start = np.zeros(3)
            start[[main, other, 2]] = (0 if towards[main] > 0 else side, sideways, height)
            cells = np.floor(start + lengths[:, None] * towards / abs(towards[main])).astype(int)
            cells = cells[((cells >= 0) & (cells < side)).all(1)]
            hits = np.flatnonzero(grid[tuple(cells.T)])
            if len(hits):
                seen[tuple(cells[hits[0]])] = True
    return seen


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda voxels, draws: remove_random(voxels, 0.3, draws),
        lambda voxels, draws: remove_slices(voxels, 2, draws),
        remove_half,
        keep_view,
    ],
    ids=["random", "slices", "half", "view"],
)
def test_corruption_removes_cells_only_and_repeats_with_the_same_draws(corrupt):
    voxels = random_grids(4, 8, 0.5)
    first, again = (corrupt(voxels, Draws.at(seed=1)) for _ in range(2))
    assert not (first & ~voxels).any()
    assert (first != voxels).flatten(1).any(1).all()
    assert first.equal(again)


def test_random_removal_empties_exactly_the_fraction_of_all_positions():
    left = remove_random(full(5, 30), 0.3, Draws.at(seed=0))
    assert left.flatten(1).sum(1).tolist() == [27_000 - 8_100] * 5


def test_random_removal_takes_a_fraction_for_each_sample():
    left = remove_random(full(3, 10), torch.tensor([0.0, 0.1, 1.0]), Draws.at(seed=0))
    assert left.flatten(1).sum(1).tolist() == [1000, 900, 0]


def test_random_removal_spares_no_region():
    lost = ~remove_random(full(200, 6), 0.3, Draws.at(seed=0))
    spread = math.sqrt(0.3 * 0.7 / 200)
    assert (lost.double().mean(0) - 0.3).abs().max() < 5 * spread


def test_slices_are_lost_along_one_axis_in_the_wanted_number():
    lost = ~remove_slices(full(50, 10), 3, Draws.at(seed=0))
    axes = []
    for grid in lost:
        whole = [[bool(grid.select(axis, place).all()) for place in range(10)] for axis in range(3)]
        lossy = [axis for axis in range(3) if any(whole[axis])]
        assert len(lossy) == 1
        assert sum(whole[lossy[0]]) == 3
        assert grid.sum() == 300
        axes += lossy
    assert set(axes) == {0, 1, 2}


def test_slices_take_a_count_for_each_sample():
    left = remove_slices(full(3, 10), torch.tensor([0, 1, 10]), Draws.at(seed=0))
    assert left.flatten(1).sum(1).tolist() == [1000, 900, 0]


def test_cut_equals_a_plain_loop_over_cells():
    voxels = random_grids(3, 5, 0.4)
    normal = Draws.at(seed=2).normal(3, 3)
    got = cut(voxels, normal)
    for number, grid in enumerate(voxels.numpy()):
        cells = np.argwhere(grid)
        height = (cells - cells.mean(0)) @ normal[number].numpy().astype(np.float64)
        wanted = {tuple(cell) for cell in cells[height <= 0]}
        assert {tuple(cell) for cell in np.argwhere(got[number].numpy())} == wanted


def test_half_of_a_full_grid_goes():
    left = remove_half(full(20, 9), Draws.at(seed=0)).double().mean((1, 2, 3))
    assert ((left > 0.45) & (left < 0.55)).all()


def test_an_empty_grid_stays_empty():
    empty = torch.zeros(2, 6, 6, 6, dtype=torch.bool)
    assert not remove_half(empty, Draws.at(seed=0)).any()
    assert not keep_view(empty, Draws.at(seed=0)).any()


@pytest.mark.parametrize("number", range(6))
def test_view_equals_a_walk_along_every_ray(number):
    grid = random_grids(6, 6, 0.15)[number]
    azimuth, elevation = cameras(6, Draws.at(seed=3))[number].tolist()
    got = visible(grid[None], torch.tensor([azimuth]), torch.tensor([elevation]))[0]
    np.testing.assert_array_equal(got.numpy(), seen_by_sampling(grid.numpy(), azimuth, elevation))


def test_a_box_seen_from_the_front_keeps_its_front_face_alone():
    voxels = torch.zeros(1, 12, 12, 12, dtype=torch.bool)
    voxels[:, 3:9, 2:10, 4:8] = True
    seen = visible(voxels, torch.zeros(1), torch.zeros(1))
    wanted = torch.zeros_like(voxels)
    wanted[:, 8, 2:10, 4:8] = True
    assert seen.equal(wanted)


def test_a_box_seen_from_a_corner_above_shows_its_three_faces():
    voxels = torch.zeros(1, 12, 12, 12, dtype=torch.bool)
    voxels[:, 3:9, 3:9, 3:9] = True
    seen = visible(voxels, torch.tensor([math.pi / 4]), torch.tensor([MAX_ELEVATION]))[0]
    faces = torch.zeros_like(seen)
    faces[8, 3:9, 3:9] = faces[3:9, 8, 3:9] = faces[3:9, 3:9, 8] = True
    assert not (seen & ~faces).any()
    assert seen[8, 3:9, 3:9].all()
    assert seen[3:9, 8, 3:9].all()
    assert seen[3:9, 3:9, 8].double().mean() > 0.5


def test_nothing_shows_through_a_wall_of_cells_that_touch_at_their_edges_alone():
    side = 16
    x, y, z = torch.meshgrid(*[torch.arange(side)] * 3, indexing="ij")
    wall = x + y + z == 27
    behind = x + y + z < 27
    azimuth = torch.linspace(0.01, math.pi / 2 - 0.01, 40)
    elevation = torch.linspace(0.01, MAX_ELEVATION, 40).flip(0)
    seen = visible((wall | behind).expand(40, -1, -1, -1), azimuth, elevation)
    # From these cells every way towards the cameras meets the wall before it leaves the grid.
    shadow = behind & (x >= 12) & (y >= 12) & (z < 3)
    assert shadow.any()
    assert not (seen & shadow).any()


def test_turning_the_shape_and_the_camera_together_turns_the_view():
    voxels = random_grids(10, 9, 0.1)
    azimuth, elevation = cameras(10, Draws.at(seed=4)).unbind(1)
    seen = visible(voxels, azimuth, elevation)
    turned = visible(voxels.rot90(1, (1, 2)), azimuth + math.pi / 2, elevation)
    assert turned.equal(seen.rot90(1, (1, 2)))


def test_a_camera_over_35_degrees_is_refused():
    with pytest.raises(ShapeError, match="lower its elevation"):
        visible(full(1, 3), torch.tensor([math.pi / 4]), torch.tensor([1.0]))


def test_grids_that_are_not_boolean_cubes_are_refused():
    with pytest.raises(ShapeError, match=r"wanted \(B, V, V, V\) bool"):
        remove_half(torch.zeros(1, 3, 3, 4, dtype=torch.bool), Draws.at(seed=0))
    with pytest.raises(ShapeError, match="float32"):
        remove_random(torch.zeros(1, 3, 3, 3), 0.1, Draws.at(seed=0))
