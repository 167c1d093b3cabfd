import numpy as np
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.episodes import episode, places, turned, turns


def test_first_samples_of_each_class_are_known_and_the_others_asked():
    sides = episode(torch.tensor([5, 9, 5, -1, 5, 9, 2]), shot=2)
    assert sides.known.tolist() == [0, 1, 2, 5, 6]
    assert sides.known_class.tolist() == [1, 2, 1, 2, 0]  # 2, 5, 9
    assert sides.asked.tolist() == [4]
    assert sides.asked_class.tolist() == [1]


def test_places_count_earlier_samples_of_the_class():
    assert places(torch.tensor([3, 3, 1, 3, 1])).tolist() == [0, 1, 0, 2, 1]


def test_runs_of_one_class_are_turned_alike_and_no_two_runs_in_the_same_way():
    label = torch.tensor([4] * 3 + [7] * 3 + [4] * 3 + [4] * 3)
    seen = set()
    for seed in range(100):
        turn = turns(label, Draws.at(seed), per_class=3).view(4, 3)
        assert (turn == turn[:, :1]).all()
        first, second, third = turn[[0, 2, 3], 0].tolist()
        assert len({first, second, third}) == 3
        seen.add((first, second))
    assert len(seen) == 12


def test_images_turn_counterclockwise_as_numpy_has_it_mirrored_ones_after_the_mirror():
    image = torch.rand(9, 2, 6, 6)
    turn = torch.tensor([0, 1, 2, 3, 1, 4, 5, 6, 7])
    found = turned(image, turn)
    for index, number in enumerate(turn.tolist()):
        before = image[index].numpy() if number < 4 else image[index].numpy()[:, :, ::-1]
        assert np.array_equal(found[index].numpy(), np.rot90(before, number, (1, 2)))


def test_eight_poses_are_drawn_where_mirror_images_count():
    turn = turns(torch.zeros(16, dtype=torch.int64), Draws.at(0), per_class=2, poses=8)
    assert sorted(turn.tolist()) == sorted([*range(8)] * 2)
