import math

import pytest
import torch

from lessup.transforms.affine_jitter import affine_jitter
from lessup.transforms.draws import Draws


def test_no_strength_and_no_share_leave_images_as_they_are():
    image = torch.rand(3, 1, 20, 20)
    for settings in ({"strength": 0.0}, {"share": 0.0}):
        torch.testing.assert_close(affine_jitter(image, Draws.at(0), **settings), image)


def test_mixed_precision_moves_pixels_to_the_same_places():
    image = torch.rand(4, 1, 20, 20)
    wanted = affine_jitter(image, Draws.at(0), share=1.0)
    with torch.autocast("cpu", torch.bfloat16):
        assert affine_jitter(image, Draws.at(0), share=1.0).equal(wanted)


def test_every_image_moves_in_its_own_way_and_paper_stays_empty_around():
    image = torch.zeros(2, 1, 40, 40)
    image[:, :, 10:30, 18:22] = 1
    moved = affine_jitter(image, Draws.at(1), share=1.0)
    assert not moved[0].equal(moved[1])
    assert 0 <= moved.min() <= moved.max() <= 1
    assert moved[..., 0].max() == 0


@pytest.mark.parametrize("corner", [(0.3, 0.2), (-0.5, 0.5)])
def test_a_point_goes_no_farther_than_the_published_ranges_let_it(corner):
    side = 105
    yy, xx = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    centre = (torch.tensor(corner) * side / 2 + side / 2).view(2, 1, 1)
    blob = torch.exp(-((xx - centre[0]) ** 2 + (yy - centre[1]) ** 2) / 18.0)[None, None].expand(200, 1, -1, -1)
    moved = affine_jitter(blob, Draws.at(2), share=1.0)[:, 0]
    mass = moved.sum((1, 2))
    place = torch.stack([(moved * xx).sum((1, 2)), (moved * yy).sum((1, 2))], 1) / mass[:, None] - side / 2
    start = torch.tensor(corner) * side / 2
    # [[1 +- .2, +- .3], [+- .3, 1 +- .2]] has singular values of 1 -+ .5, and a turn changes none of them
    farthest = start.norm() / 0.5 + 2 * math.sqrt(2) / 0.5
    assert (place.norm(dim=1) <= farthest).all()
    assert place.std(0).min() > 1
