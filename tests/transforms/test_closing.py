import numpy as np
import pytest
import torch
from scipy import ndimage

from lessup.transforms.closing import closing


@pytest.mark.parametrize("share", [0.02, 0.2, 0.6])
def test_closing_equals_scipy_after_padding_by_two(share):
    voxels = torch.rand(3, 9, 9, 9, generator=torch.Generator().manual_seed(0)) < share
    for grid, got in zip(voxels.numpy(), closing(voxels).numpy(), strict=True):
        wanted = ndimage.binary_closing(np.pad(grid, 2), np.ones((3, 3, 3)))[2:-2, 2:-2, 2:-2]
        np.testing.assert_array_equal(got, wanted)


def test_closing_twice_changes_nothing_more():
    voxels = torch.rand(2, 9, 9, 9, generator=torch.Generator().manual_seed(1)) < 0.15
    once = closing(voxels)
    assert not (voxels & ~once).any()
    assert closing(once).equal(once)
