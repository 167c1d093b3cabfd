import pytest
import torch

from lessup.errors import ShapeError
from lessup.metrics.voxel_error import voxel_error


def test_error_counts_differing_cells_anywhere_and_divides_by_24_cubed():
    whole = torch.zeros(2, 30, 30, 30, dtype=torch.bool)
    whole[:, 5:8, 5:8, 5:8] = True
    repaired = whole.clone()
    repaired[0, 5, 5, 5] = False
    repaired[0, 0, 0, 0] = True  # in the padding
    error = voxel_error(repaired, whole)
    assert error.tolist() == pytest.approx([100 * 2 / 13_824, 0.0], abs=1e-15)


def test_error_equals_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.rand(3, 8, 8, 8, generator=generator) < 0.5 for _ in range(2))
    loops = [
        100 * sum(a != b for a, b in zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)) / 2**3
        for x, y in zip(first, second, strict=True)
    ]
    assert voxel_error(first, second).tolist() == pytest.approx(loops)


def test_grids_that_do_not_match_are_refused():
    whole = torch.zeros(1, 8, 8, 8, dtype=torch.bool)
    with pytest.raises(ShapeError, match="one shape and dtype"):
        voxel_error(whole[:, :4], whole)
    with pytest.raises(ShapeError, match="float32"):
        voxel_error(whole.float(), whole)
    with pytest.raises(ShapeError, match="leaves nothing"):
        voxel_error(whole, whole, padding=4)
