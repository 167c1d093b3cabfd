import numpy as np
import pytest
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.holes import central_hole, random_blocks, random_regions


def shares(masks):
    return masks.float().mean((1, 2))


def test_central_hole_of_half_the_side_takes_a_quarter_and_is_symmetric():
    hole = central_hole(128, hole=64)
    assert hole.float().mean() == 0.25
    assert hole.equal(hole.flip(0))
    assert hole.equal(hole.mT)
    assert hole[32:96, 32:96].all()


def test_blocks_equal_squares_laid_one_by_one_until_a_quarter_is_taken():
    masks = random_blocks(20, 32, Draws.at(0))
    corners = Draws.at(0).integers(0, 32 - 8 + 1, 20, 8, 2).tolist()
    for mask, squares in zip(masks.numpy(), corners, strict=True):
        wanted = np.zeros((32, 32), bool)
        for row, column in squares:
            more = wanted.copy()
            more[row : row + 8, column : column + 8] = True
            if more.sum() > 256:
                break
            wanted = more
        assert (mask == wanted).all()


@pytest.mark.parametrize("side", [64, 100, 128])
def test_blocks_take_up_to_a_quarter_and_differ_between_images(side):
    masks = random_blocks(200, side, Draws.at(0))
    share = shares(masks)
    assert (share > 1 / 16 * 0.9).all()
    assert (share <= 0.25).all()
    assert share.mean() > 0.2
    assert len(masks.flatten(1).unique(dim=0)) > 195


@pytest.mark.parametrize("side", [64, 128])
def test_regions_take_20_to_30_percent_and_differ_between_images(side):
    masks = random_regions(300, side, Draws.at(0))
    share = shares(masks)
    assert ((share > 0.19) & (share < 0.31)).float().mean() > 0.99
    assert len(masks.flatten(1).unique(dim=0)) == 300


def test_regions_are_as_coarse_at_any_side_because_the_noise_grows_with_the_image():
    edges = []
    for side in (64, 128):
        masks = random_regions(200, side, Draws.at(0))
        edges.append((masks[:, 1:] != masks[:, :-1]).float().mean().item() * side)
    assert edges[0] == pytest.approx(edges[1], rel=0.05)


def test_region_equals_bicubic_enlargement_of_its_noise_by_pillow():
    """Where the offset is half a pixel's, Pillow's centres fall on ours."""
    image = pytest.importorskip("PIL.Image")
    from lessup.transforms.holes import _cubic, _smooth

    noise = torch.rand(9, 9, generator=torch.Generator().manual_seed(0))
    theirs = np.asarray(image.fromarray(noise.numpy()).resize((144, 144), image.Resampling.BICUBIC))
    place = (torch.arange(144) + 0.5) / 16 - 0.5
    weights = _cubic((place[:, None] - torch.arange(9)).abs())
    ours = _smooth(noise[None, None], weights[None, None].expand(1, 2, -1, -1))[0, 0].numpy()
    inner = slice(40, 104)  # Pillow scales its weights up near the border, where ours have values beyond it
    np.testing.assert_allclose(ours[inner, inner], theirs[inner, inner], atol=1e-5)


@pytest.mark.parametrize("make", [random_blocks, random_regions])
def test_masks_are_those_of_the_rows_of_the_whole_batch(make):
    whole = make(4, 64, Draws.at(3))
    parts = [make(2, 64, Draws.at(3, rank=rank, world_size=2)) for rank in range(2)]
    assert torch.cat(parts).equal(whole)
