import pytest
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_the_share_is_dropped_and_the_rest_scaled_up(share):
    x = dropout(torch.ones(8, 27_000), share, Draws.at(3))
    assert x.unique().tolist() == pytest.approx([0.0, 1 / (1 - share)])
    # 216,000 independent draws: five standard deviations of the share are at most 0.0054.
    assert (x == 0).float().mean().item() == pytest.approx(share, abs=0.0054)


def test_two_processes_drop_what_one_would():
    whole = dropout(torch.ones(4, 9), 0.5, Draws.at(1))
    halves = [dropout(torch.ones(2, 9), 0.5, Draws.at(1, rank=rank, world_size=2)) for rank in range(2)]
    assert torch.cat(halves).equal(whole)


def test_a_share_of_zero_changes_nothing():
    x = torch.rand(2, 5)
    assert dropout(x, 0.0, Draws.at(0)).equal(x)
