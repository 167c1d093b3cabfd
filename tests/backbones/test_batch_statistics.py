import torch
from torch import nn

from lessup.backbones.batch_statistics import statistics_kept


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
