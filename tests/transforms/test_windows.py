import numpy as np
import pytest
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.windows import cut_windows, random_windows


def images() -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of which each image fills a part; what lies beyond is NaN."""
    extent = torch.tensor([[7, 9], [3, 2], [1, 5]])
    batch = torch.full((3, 2, 7, 9), float("nan"))
    for row, (height, width) in enumerate(extent.tolist()):
        batch[row, :, :height, :width] = torch.rand(2, height, width, generator=torch.Generator().manual_seed(row))
    return batch, extent


@pytest.mark.parametrize("corner", [(0, 0), (2, 3), (-6, -4), (-3, 5)])
def test_windows_equal_those_cut_from_an_image_that_numpy_reflected(corner):
    batch, extent = images()
    found = cut_windows(batch, extent, torch.tensor([corner] * 3), (8, 11))
    for row, (height, width) in enumerate(extent.tolist()):
        inside = batch[row, :, :height, :width].numpy()
        wide = np.pad(inside, ((0, 0), (20, 20), (20, 20)), mode="reflect")
        top, left = 20 + corner[0], 20 + corner[1]
        np.testing.assert_array_equal(found[row].numpy(), wide[:, top : top + 8, left : left + 11])


def test_labels_are_cut_as_images_are_and_mirrored_with_them():
    batch, extent = images()
    labels = batch.nan_to_num(0).mul(100).long()[:, 0]
    corner, mirror = torch.tensor([[-2, 1], [0, -3], [-4, 2]]), torch.tensor([True, False, True])
    plain = cut_windows(labels, extent, corner, (6, 5))
    turned = cut_windows(labels, extent, corner, (6, 5), mirror=mirror)
    assert turned.equal(torch.where(mirror[:, None, None], plain.flip(2), plain))
    image = cut_windows(batch, extent, corner, (6, 5), mirror=mirror)
    assert turned.equal(image.mul(100).long()[:, 0])


def test_windows_begin_at_every_place_where_they_fit_equally_often():
    extent = torch.tensor([[10, 4], [6, 8]]).repeat(3_000, 1)
    corner = random_windows(extent, 6, Draws.at(0))
    for row, axis, places in ((0, 0, range(5)), (0, 1, range(-2, 1)), (1, 0, range(1)), (1, 1, range(3))):
        number, times = np.unique(corner[row::2, axis], return_counts=True)
        assert number.tolist() == [*places]
        assert times.min() > 0.9 * 3_000 / len(places)
