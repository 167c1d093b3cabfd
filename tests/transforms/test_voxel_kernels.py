import numpy as np

from lessup.transforms import voxel_kernels
from lessup.transforms.voxel_kernels import EMPTY, OUTSIDE, SURFACE


def test_flood_passes_faces_of_cells_but_not_edges():
    state = np.zeros((5, 5, 5), np.uint8)
    # The six neighbours of the middle close it off, although their edges and corners leave it visible.
    for axis in range(3):
        for step in (-1, 1):
            cell = [2, 2, 2]
            cell[axis] += step
            state[tuple(cell)] = SURFACE
    voxel_kernels.flood_outside(state)
    assert (state == EMPTY).sum() == 1
    assert state[2, 2, 2] == EMPTY
    assert (state == SURFACE).sum() == 6


def test_flood_does_not_wrap_around_the_border():
    state = np.zeros((4, 4, 4), np.uint8)
    state[1] = SURFACE  # a wall right through: what lies behind is reached only by leaving the array
    voxel_kernels.flood_outside(state)
    assert (state[0] == OUTSIDE).all()
    assert (state[2:] == EMPTY).all()
