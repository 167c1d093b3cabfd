"""What a damaged grid tells about its damage."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from lessup.transforms.voxel_evidence import box_mean, coordinates, gaps


def random_grids(num: int, side: int, share: float = 0.3) -> torch.Tensor:
    return torch.rand(num, side, side, side, generator=torch.Generator().manual_seed(1)) < share


def test_gaps_equal_plain_loops():
    grid = random_grids(3, 8, share=0.1).float()
    grid[0, 3] = grid[0, :, 0] = grid[0, :, :, 4:6] = 0
    grid[1, :3] = grid[1, :, 6:] = grid[1, :, 2] = 0
    grid[2] = 0
    maps, statistics = gaps(grid)
    for number, cells in enumerate(grid.numpy()):
        occupied = set(zip(*np.nonzero(cells), strict=True))
        count = max(len(occupied), 1)
        wanted_statistics = [count / 3000]
        for axis in range(3):
            held = {cell[axis] for cell in occupied}
            lost = [s for s in range(8) if held and s not in held and min(held) < s < max(held)]
            steps = np.eye(3, dtype=int)[axis]
            pairs = sum(tuple(np.add(cell, steps)) in occupied for cell in occupied)
            wanted_statistics += [len(lost) / 5, pairs / count]
            for half in range(2):
                for block in range(4):
                    of_slice = 2 * block + half
                    value = 0 if of_slice in held else 1 if of_slice in lost else 0.5
                    assert (maps[number, 2 * axis + half].select(axis, block) == value).all(), (number, axis, of_slice)
        np.testing.assert_allclose(statistics[number], wanted_statistics, rtol=1e-6)
    assert maps.unique().tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("reach", [1, 2])
def test_box_mean_equals_scipys_uniform_filter(reach):
    grid = random_grids(2, 7).float()
    wanted = [ndimage.uniform_filter(g, 2 * reach + 1, mode="constant") for g in grid.double().numpy()]
    np.testing.assert_allclose(box_mean(grid, reach), wanted, atol=1e-6)


def test_coordinates_are_height_and_squared_distance_from_the_axis():
    height, distance = coordinates(torch.zeros(1, 1, 4, 4, 4))[0]
    for x, y, z in np.ndindex(4, 4, 4):
        east, north, up = (2 * place / 3 - 1 for place in (x, y, z))
        assert height[x, y, z].item() == pytest.approx(up)
        assert distance[x, y, z].item() == pytest.approx(east**2 + north**2)
