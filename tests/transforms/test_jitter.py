import math

import pytest
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.jitter import KNOTS, bends, jittered, moved


def test_no_strength_and_no_share_leave_images_as_they_are():
    image = torch.rand(3, 1, 20, 20)
    for settings in ({"strength": 0.0}, {"share": 0.0}):
        torch.testing.assert_close(jittered(image, Draws.at(0), **settings), image)


def test_mixed_precision_moves_pixels_to_the_same_places():
    image = torch.rand(4, 1, 20, 20)
    wanted = jittered(image, Draws.at(0), share=1.0)
    with torch.autocast("cpu", torch.bfloat16):
        assert jittered(image, Draws.at(0), share=1.0).equal(wanted)


def test_every_image_moves_in_its_own_way_and_paper_stays_empty_around():
    image = torch.zeros(2, 1, 40, 40)
    image[:, :, 10:30, 18:22] = 1
    found = jittered(image, Draws.at(1), share=1.0)
    assert not found[0].equal(found[1])
    assert 0 <= found.min() <= found.max() <= 1
    assert found[..., 0].max() == 0


def test_a_bend_moves_the_knots_by_their_shares_of_the_side_and_is_smooth_between():
    side = 97  # the knots lie on pixels 0, 32, 64 and 96
    ramp = torch.arange(side).expand(1, 1, side, side).float()
    bend = torch.zeros(1, 2, KNOTS, KNOTS)
    bend[0, 0, 1, 2] = 0.1  # what shows at the knot in row 1, column 2 comes from a tenth of the side to its right
    found = moved(ramp, torch.zeros(1, 7), bend)[0, 0]
    assert found[32, 64].item() == pytest.approx(64 + 0.1 * side, abs=0.1)
    assert found[32, 32].item() == pytest.approx(32, abs=0.1)
    assert found[96, 40].item() == pytest.approx(40, abs=0.1)
    assert found[32, 10:80].diff().abs().max() < 2


def test_images_bend_each_in_its_own_way_as_far_as_is_asked():
    drawn = bends(4000, Draws.at(0), 0.05)
    assert drawn.std().item() == pytest.approx(0.05, rel=0.02)
    image = torch.rand(1, 1, 28, 28).expand(2, -1, -1, -1)
    bent = jittered(image, Draws.at(0), strength=0.0, bend=0.05)
    assert not bent[0].equal(bent[1])


@pytest.mark.parametrize("corner", [(0.3, 0.2), (-0.5, 0.5)])
def test_a_point_goes_no_farther_than_the_published_ranges_let_it(corner):
    side = 105
    yy, xx = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    centre = (torch.tensor(corner) * side / 2 + side / 2).view(2, 1, 1)
    blob = torch.exp(-((xx - centre[0]) ** 2 + (yy - centre[1]) ** 2) / 18.0)[None, None].expand(200, 1, -1, -1)
    found = jittered(blob, Draws.at(2), share=1.0)[:, 0]
    mass = found.sum((1, 2))
    place = torch.stack([(found * xx).sum((1, 2)), (found * yy).sum((1, 2))], 1) / mass[:, None] - side / 2
    start = torch.tensor(corner) * side / 2
    # [[1 +- .2, +- .3], [+- .3, 1 +- .2]] has singular values of 1 -+ .5, and a turn changes none of them
    farthest = start.norm() / 0.5 + 2 * math.sqrt(2) / 0.5
    assert (place.norm(dim=1) <= farthest).all()
    assert place.std(0).min() > 1
