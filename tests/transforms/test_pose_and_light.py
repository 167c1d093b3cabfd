"""Two photographs of one thing."""

from dataclasses import replace

import pytest
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.pose_and_light import PoseAndLight, pose_and_light

NOTHING = PoseAndLight(degrees=0, stretch=0, shift=0, exponent=0, slope=0, mirrored=0, covered=0)


@pytest.fixture
def image():
    return 0.05 + 0.9 * torch.rand(6, 2, 20, 12, generator=torch.Generator().manual_seed(0))


def changed(image, **most):
    return pose_and_light(image, replace(NOTHING, **most), Draws.at(0))


def test_no_change_changes_nothing(image):
    torch.testing.assert_close(changed(image), image, atol=1e-5, rtol=1e-5)


def test_a_share_of_all_changes(image):
    assert PoseAndLight().scaled(0) == NOTHING
    assert PoseAndLight().scaled(0.5).degrees == 7.5


def test_mirrored_images_are_mirrored(image):
    torch.testing.assert_close(changed(image, mirrored=1), image.flip(3), atol=1e-5, rtol=1e-5)


def test_a_quarter_turn_of_a_picture_that_is_not_square_keeps_its_shapes():
    """A disc stays a disc whatever the turn: distances are pixels, not shares of height and width."""
    down, right = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(21.0) - 10, indexing="ij")
    disc = torch.sigmoid(7 - (down**2 + right**2).sqrt()).expand(8, 1, 41, 21)
    torch.testing.assert_close(changed(disc, degrees=90), disc, atol=0.05, rtol=0)


def test_shifts_are_shares_of_the_side():
    image = torch.zeros(64, 1, 40, 40)
    image[:, :, 20, 20] = 1
    found = changed(image, shift=0.1)
    place = found.flatten(1).argmax(1)
    down, right = place // 40 - 20, place % 40 - 20
    assert down.abs().max() <= 4
    assert right.abs().max() <= 4
    assert down.max() >= 3 and down.min() <= -3  # noqa: PT018 - of 64 draws


def test_light_is_a_power_and_a_plane(image):
    powers = changed(image, exponent=0.4).log() / image.log()
    torch.testing.assert_close(powers, powers.mean((1, 2, 3), keepdim=True).expand_as(powers), atol=1e-3, rtol=1e-3)
    assert powers.log().abs().max() <= 0.4 + 1e-3
    plane = changed(image, slope=0.5) / image
    bent = plane[:, :, 2:] - 2 * plane[:, :, 1:-1] + plane[:, :, :-2]
    assert bent.abs().max() < 1e-4
    torch.testing.assert_close(plane.mean((2, 3)), torch.ones(6, 2), atol=1e-4, rtol=0)


def test_a_covered_rectangle_has_one_grey_and_its_size(image):
    found = changed(image, covered=1)
    for before, after in zip(image, found, strict=True):
        hidden = (after - before).abs().amax(0) > 1e-4
        rows, columns = hidden.any(1).nonzero(), hidden.any(0).nonzero()
        box = after[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (box == box[0, 0, 0]).all()
        assert 0.1 <= box.shape[1] / 20 <= 0.45
        assert 0.05 <= box.shape[2] / 12 <= 0.5


def test_mixed_precision_moves_pixels_to_the_same_places(image):
    most = replace(NOTHING, degrees=15.0, stretch=0.15, shift=0.1, mirrored=0.5)
    wanted = pose_and_light(image, most, Draws.at(0))
    with torch.autocast("cpu", torch.bfloat16):
        assert pose_and_light(image, most, Draws.at(0)).equal(wanted)


def test_equal_draws_change_alike(image):
    first, second = (pose_and_light(image, PoseAndLight(), Draws.at(3)) for _ in range(2))
    assert first.equal(second)
    assert not first.equal(pose_and_light(image, PoseAndLight(), Draws.at(4)))
