"""Grids of patches against plain loops and Pillow."""

import numpy as np
import pytest
import torch
from PIL import Image

from lessup.transforms.draws import Draws
from lessup.transforms.patch_grid import coarsen, coarsening, cut_patches, neighbour_pairs, patch_boxes

PUBLISHED = {"pixels": (150_000, 450_000), "patch": 96, "gap": 48, "jitter": 7, "most": 4, "num_grids": 2}
SMALL = {"pixels": (4096, 4096), "patch": 16, "gap": 6, "jitter": 2, "most": 3}


def extents(num=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(40, 700, (num, 2), generator=generator)


def in_resized_pixels(boxes, size=96):
    """Return the boxes as they lie in the resized image, whose patches have ``size`` pixels a side."""
    side = (boxes[..., 2:] - boxes[..., :2]).mean(-1, keepdim=True)
    return boxes * size / side


def test_boxes_are_squares_inside_their_image():
    extent = extents()
    boxes, present = patch_boxes(extent, Draws.at(0), **PUBLISHED)
    assert boxes.shape == (200, 32, 4)
    inner = boxes[present]
    size = extent.flip(1)[:, None].expand(-1, 32, -1)[present]
    assert (inner[:, :2] >= 0).all()
    assert (inner[:, 2:] <= size + 1e-3).all()
    torch.testing.assert_close(inner[:, 2] - inner[:, 0], inner[:, 3] - inner[:, 1], rtol=1e-4, atol=1e-3)


def test_resized_images_have_the_area_asked_for():
    extent = torch.tensor([[375, 500]] * 500)
    boxes, _ = patch_boxes(extent, Draws.at(0), **PUBLISHED)
    scale = 96 / (boxes[:, :, 2] - boxes[:, :, 0])
    area = 375 * 500 * scale**2
    assert 150_000 <= area.min() < 156_000
    assert 444_000 < area.max() <= 450_000
    assert area[:, 0].mean().item() == pytest.approx(300_000, rel=0.05)
    assert not torch.isclose(area[:, 0], area[:, 16]).any(), "the two grids of an image have one size"


def test_grids_have_as_many_patches_as_fit_by_a_plain_count():
    extent = extents()
    boxes, present = patch_boxes(extent, Draws.at(3), **PUBLISHED)
    for image in range(len(extent)):
        for grid in range(2):
            here = slice(16 * grid, 16 * grid + 16)
            scale = 96 / (boxes[image, here, 2] - boxes[image, here, 0])[0].item()
            counts = []
            for length in (extent[image] * scale).tolist():
                count, end = 0, 96
                while end <= length + 1e-2 and count < 4:
                    count, end = count + 1, end + 96 + 48
                counts.append(count)
            mask = present[image, here].view(4, 4)
            wanted = torch.zeros(4, 4, dtype=torch.bool)
            wanted[: counts[0], : counts[1]] = True
            assert mask.equal(wanted), (extent[image], counts)


def test_neighbours_keep_their_gap_up_to_the_jitter():
    boxes, present = patch_boxes(extents(), Draws.at(1), **PUBLISHED)
    placed = in_resized_pixels(boxes)
    first, second, position = neighbour_pairs(4, 2)
    both = present[:, first] & present[:, second]
    right = (placed[:, second, 0] - placed[:, first, 2])[both & (position == 4)]
    below = (placed[:, second, 1] - placed[:, first, 3])[both & (position == 6)]
    for gap in (right, below):
        assert gap.min() >= 48 - 14 - 0.1
        assert gap.max() <= 48 + 14 + 0.1
        assert gap.std() > 3


def test_a_grid_begins_anywhere_where_it_fits():
    boxes, _ = patch_boxes(torch.tensor([[64, 64]] * 2000), Draws.at(0), **SMALL | {"jitter": 0})
    left, count = boxes[:, 0, 0].unique(return_counts=True)
    assert left.tolist() == [0, 1, 2, 3, 4]  # 3 patches and 2 gaps take 60 of the 64 pixels
    assert count.min() > 300


def test_an_image_of_its_own_area_is_cut_at_whole_pixels_and_not_resampled():
    image = torch.rand(3, 3, 64, 64)
    boxes, present = patch_boxes(torch.tensor([[64, 64]] * 3), Draws.at(0), **SMALL)
    patches = cut_patches(image, boxes, 16)
    assert present.all()
    for row in range(3):
        for number, (left, top, right, bottom) in enumerate(boxes[row].long().tolist()):
            torch.testing.assert_close(patches[row, number], image[row, :, top:bottom, left:right])


@pytest.mark.parametrize("extent", [(1, 1), (5, 300), (96, 96)])
def test_an_image_smaller_than_two_patches_is_enlarged(extent):
    boxes, present = patch_boxes(torch.tensor([extent]), Draws.at(0), **PUBLISHED)
    assert present[0].view(2, 4, 4)[:, :2, :2].all()
    assert (boxes[present][:, 2:] <= torch.tensor(extent).flip(0) + 1e-3).all()


def test_pairs_equal_plain_loops_in_row_major_order():
    around = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
    wanted = []
    for grid in range(2):
        for row in range(3):
            for column in range(3):
                for position, (down, right) in enumerate(around):
                    other = row + down, column + right
                    if 0 <= other[0] < 3 and 0 <= other[1] < 3:
                        wanted.append((9 * grid + 3 * row + column, 9 * grid + 3 * other[0] + other[1], position))
    got = zip(*(numbers.tolist() for numbers in neighbour_pairs(3, 2)), strict=True)
    assert sorted(got) == sorted(wanted)


def test_the_position_is_where_the_second_patch_lies():
    boxes, _ = patch_boxes(torch.tensor([[64, 64]]), Draws.at(0), **SMALL)
    for first, second, position in zip(*(numbers.tolist() for numbers in neighbour_pairs(3)), strict=True):
        right, down = ((boxes[0, second] - boxes[0, first])[:2] / 22).round().tolist()
        assert [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)][position] == (right, down)


def test_coarse_patches_equal_pillow_there_and_back():
    pixels = np.random.default_rng(0).random((16, 16), np.float32)
    matrices = coarsening(16, 8)
    assert matrices.shape == (9, 16, 16)
    for length in range(8, 17):
        small = Image.fromarray(pixels).resize((length, length), Image.Resampling.BILINEAR)
        wanted = np.asarray(small.resize((16, 16), Image.Resampling.BILINEAR))
        matrix = matrices[length - 8].numpy()
        np.testing.assert_allclose(matrix @ pixels @ matrix.T, wanted, atol=1e-5)


def test_a_share_of_the_patches_is_coarse_at_areas_drawn_evenly():
    matrices = coarsening(16, 8)
    patches = torch.rand(50, 9, 3, 16, 16)
    coarse = coarsen(patches, matrices, Draws.at(0), share=0.33)
    changed = (coarse - patches).abs().amax((2, 3, 4)) > 1e-5
    assert changed.float().mean().item() == pytest.approx(0.33, abs=0.06)
    torch.testing.assert_close(coarse[~changed], patches[~changed])
    found = torch.zeros(9)
    for patch, source in zip(coarse[changed], patches[changed], strict=True):
        errors = [(matrix @ source @ matrix.T - patch).abs().max() for matrix in matrices]
        assert min(errors) < 1e-5
        found[int(np.argmin(errors))] += 1
    wanted = np.array([(length + 1) ** 2 - length**2 for length in range(8, 16)]) / (16**2 - 8**2)
    assert found[8] == 0
    np.testing.assert_allclose(found[:8] / found.sum(), wanted, atol=0.1)


def test_two_processes_cut_what_one_cuts():
    extent = extents(8)
    whole, present = patch_boxes(extent, Draws.at(0), **PUBLISHED)
    for rank in range(2):
        own = slice(4 * rank, 4 * rank + 4)
        boxes, there = patch_boxes(extent[own], Draws.at(0, rank=rank, world_size=2), **PUBLISHED)
        assert boxes.equal(whole[own])
        assert there.equal(present[own])
