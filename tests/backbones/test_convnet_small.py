import torch

from lessup import backbones


@torch.no_grad()
def test_it_is_three_convolutions_and_a_mean():
    torch.manual_seed(0)
    network = backbones.build("convnet-small", channels=1).eval()
    x = torch.rand(2, 1, 28, 28)
    convolutions = [part for part in network.modules() if isinstance(part, torch.nn.Conv2d)]
    scale = (1 + 1e-5) ** 0.5  # statistics are 0 and 1 at first
    h = (convolutions[0](x) / scale).relu()
    h = (convolutions[1](h) / scale).relu()
    h = (convolutions[2](torch.nn.functional.max_pool2d(h, 2)) / scale).relu()
    torch.testing.assert_close(network(x), h.mean((2, 3)))
    assert network.width == 128
