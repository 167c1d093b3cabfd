"""Bit-packed grids."""

import numpy as np
import torch

from lessup.samples.voxels import pack, unpack


def test_unpack_undoes_pack_for_sides_that_do_not_fill_bytes() -> None:
    for side in (2, 3, 5, 30):
        grids = np.random.default_rng(side).random((3, side, side, side)) < 0.3
        assert unpack(torch.from_numpy(pack(grids)), side).numpy().tolist() == grids.tolist()


def test_thirty_cubed_takes_3375_bytes() -> None:
    assert pack(np.zeros((1, 30, 30, 30), bool)).shape == (1, 3375)
