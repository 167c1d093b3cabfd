"""Parts of 3D networks against plain arithmetic."""

import numpy as np
import torch
from torch import nn

from lessup.backbones.residual3d import Residual, Up, group_norm, residual_units


@torch.no_grad()
def test_residual_adds_the_convolution_of_what_is_normalised_in_groups_of_16_and_rectified():
    unit = Residual(32)
    nn.init.dirac_(unit.conv.weight)
    nn.init.constant_(unit.conv.bias, 0.5)
    x = torch.randn(1, 32, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    wanted = x.double().numpy().copy()
    for group in (slice(0, 16), slice(16, 32)):
        values = wanted[:, group]
        wanted[:, group] = values + np.maximum((values - values.mean()) / np.sqrt(values.var() + 1e-5), 0) + 0.5
    np.testing.assert_allclose(unit(x), wanted, atol=1e-5)


@torch.no_grad()
def test_up_repeats_each_coarse_cell_and_merges_the_skip():
    up = Up(16, 2)
    generator = torch.Generator().manual_seed(0)
    coarse, skip = torch.randn(1, 16, 2, 2, 2, generator=generator), torch.randn(1, 2, 4, 4, 4, generator=generator)
    nn.init.zeros_(up.merge.bias)
    up.merge.weight.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 1]])[:, :, None, None, None])
    doubled = up.narrow(up.norm(coarse).relu())
    for axis in (2, 3, 4):
        doubled = doubled.repeat_interleave(2, axis)
    wanted = torch.stack([doubled[:, 0], doubled[:, 1] + skip[:, 1]], 1)
    torch.testing.assert_close(up(coarse, skip), wanted)


def test_a_width_below_16_is_one_group():
    assert [group_norm(width).num_groups for width in (2, 16, 48)] == [1, 1, 3]


def test_residual_units_follow_one_another():
    units = residual_units(16, 2)
    x = torch.randn(1, 16, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    assert units(x).equal(units[1](units[0](x)))
