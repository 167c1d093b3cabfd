"""Bit-packed grids."""

import numpy as np
import torch

from lessup.samples.voxels import Voxels, pack, random_cuboids, unpack


def test_unpack_undoes_pack_for_sides_that_do_not_fill_bytes() -> None:
    for side in (2, 3, 5, 30):
        grids = np.random.default_rng(side).random((3, side, side, side)) < 0.3
        assert unpack(torch.from_numpy(pack(grids)), side).numpy().tolist() == grids.tolist()


def test_thirty_cubed_takes_3375_bytes() -> None:
    assert pack(np.zeros((1, 30, 30, 30), bool)).shape == (1, 3375)


def test_random_cuboids_fill_their_own_bounds_within_the_middle_24_cells() -> None:
    for grid in random_cuboids(20):
        occupied = grid.nonzero()
        low, high = occupied.amin(0), occupied.amax(0)
        assert (low >= 3).all()
        assert (high < 27).all()
        assert len(occupied) == (high - low + 1).prod()


def test_first_views_keep_the_lowest_view_numbers_of_each_object_in_place() -> None:
    view = np.array([2, 0, 7, 1, 3, 5])
    samples = Voxels(
        bits=np.arange(6, dtype=np.uint8)[:, None],
        side=2,
        id=np.arange(6).astype(str),
        label=np.zeros(6, np.int64),
        classes=("one",),
        group=np.array([0, 0, 1, 0, 1, 2]),
        view=view,
        official=np.full(6, ""),
        fingerprint="",
        row=np.arange(6),
    )
    assert samples.first_views(2).view.tolist() == [0, 7, 1, 3, 5]
    assert samples.first_views(1).view.tolist() == [0, 3, 5]
    assert samples.first_views(0) is samples
