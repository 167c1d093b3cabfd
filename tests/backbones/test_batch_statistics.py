import pytest
import torch
from torch import nn

from lessup.backbones.batch_statistics import statistics_kept
from lessup.backbones.bigan_players import MLPDiscriminator


def test_batches_are_normalised_by_themselves_and_nothing_is_remembered():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2, momentum=0.3), nn.BatchNorm2d(2, momentum=None))
    x = 5 + torch.randn(8, 1, 4, 4)
    wanted = network(x)
    mean = network[1].running_mean.clone()
    with statistics_kept(network):
        found = network(3 * x)
    assert network[1].running_mean.equal(mean)
    torch.testing.assert_close(found.mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    assert (network[1].momentum, network[2].momentum) == (0.3, None)
    assert wanted.shape == found.shape


def test_nothing_is_remembered_where_several_processes_normalise_together():
    network = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)))
    mean = network[1].running_mean.clone()
    with statistics_kept(network):
        network(5 + torch.randn(8, 1, 4, 4))
    assert network[1].running_mean.equal(mean)
    assert network[1].momentum == 0.1


def test_kept_statistics_stay_while_the_batch_is_normalised_by_its_own():
    network = MLPDiscriminator(channels=1, code=0)
    image = torch.rand(6, 1, 28, 28)
    wanted = network(image, None)
    before = network.bn2.running_mean.clone(), network.bn2.running_var.clone()
    assert before[0].any()
    with statistics_kept(network):
        torch.testing.assert_close(network(image, None), wanted)
        network(torch.rand(6, 1, 28, 28) + 5, None)
    assert network.bn2.running_mean.equal(before[0])
    assert network.bn2.running_var.equal(before[1])
    network(image, None)
    assert not network.bn2.running_mean.equal(before[0])


def test_statistics_move_again_after_an_error():
    network = MLPDiscriminator(channels=1, code=0)
    with pytest.raises(RuntimeError), statistics_kept(network):
        network(torch.rand(2, 3), None)
    assert network.bn2.momentum == 0.01
