import torch

from lessup.transforms.draws import Draws
from lessup.transforms.squares import central_squares, random_squares


def test_random_squares_lie_within_the_image_and_reach_its_borders():
    extent = torch.tensor([[30, 50]]).expand(4000, 2)
    left, top, right, bottom = random_squares(extent, 0.8, Draws.at(0)).unbind(1)
    torch.testing.assert_close(right - left, torch.full((4000,), 24.0))
    torch.testing.assert_close(bottom - top, torch.full((4000,), 24.0))
    assert left.min() >= 0
    assert left.min() < 0.1
    assert right.max() <= 50
    assert right.max() > 49.9
    assert top.min() < 0.1
    assert bottom.max() > 29.9
    assert abs(left.mean() - 13) < 0.5


def test_whole_short_side_leaves_room_along_the_long_side_alone():
    boxes = random_squares(torch.tensor([[40, 20]]).expand(100, 2), 1.0, Draws.at(0))
    assert (boxes[:, 0] == 0).all()
    assert (boxes[:, 2] == 20).all()
    assert boxes[:, 1].std() > 3


def test_central_squares_leave_as_much_on_both_sides():
    left, top, right, bottom = central_squares(torch.tensor([[31, 64], [64, 31]]), 0.9).unbind(1)
    torch.testing.assert_close(left, torch.tensor([64.0, 31.0]) - right)
    torch.testing.assert_close(top, torch.tensor([31.0, 64.0]) - bottom)
