import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lessup.backbones.channel_wise import ChannelWiseDecoder, ChannelWiseLinear, num_doublings


def test_layer_equals_plain_loops_in_float64():
    torch.manual_seed(0)
    layer = ChannelWiseLinear(3, 2)
    with torch.no_grad():
        layer.bias.normal_()
    x = torch.randn(2, 3, 2, 2)
    weight, bias = (parameter.detach().double().numpy() for parameter in layer.parameters())
    wanted = np.zeros((2, 3, 2, 2))
    for sample in range(2):
        for channel in range(3):
            for there in range(4):
                total = bias[channel, there]
                for here in range(4):
                    total += x[sample, channel, here // 2, here % 2].item() * weight[channel, here, there]
                wanted[sample, channel, there // 2, there % 2] = total
    np.testing.assert_allclose(layer(x).detach().numpy(), wanted, atol=1e-6)


@pytest.mark.parametrize(("maps", "size"), [(256, 6), (3, 2), (128, 4)])
def test_layer_has_m_n4_weights(maps, size):
    assert ChannelWiseLinear(maps, size).weight.numel() == maps * size**4


def test_a_channel_does_not_see_the_others():
    layer = ChannelWiseLinear(4, 3)
    x = torch.randn(1, 4, 3, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x)[0, 2].sum(), x)
    assert gradient[0, 2].all()
    assert not gradient[0, [0, 1, 3]].any()


def test_decoder_has_the_published_maps_for_227_pixels():
    decoder = ChannelWiseDecoder(256, 6, 3, side=227)
    x, shapes = torch.randn(1, 256, 6, 6), []
    for up in decoder.ups:
        x = up(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(128, 11, 11), (64, 21, 21), (64, 41, 41), (32, 81, 81), (3, 161, 161)]
    assert decoder(torch.randn(1, 256, 6, 6)).shape == (1, 3, 227, 227)


@pytest.mark.parametrize(("size", "side", "count"), [(6, 227, 5), (4, 64, 4), (7, 64, 3), (1, 224, 5), (16, 8, 1)])
def test_number_of_up_convolutions_reaches_the_image_nearly(size, side, count):
    assert num_doublings(size, side) == count
    assert ChannelWiseDecoder(8, size, 1, side=side)(torch.zeros(1, 8, size, size)).shape == (1, 1, side, side)


def test_first_weights_keep_the_size_of_the_signal():
    torch.manual_seed(0)
    decoder = ChannelWiseDecoder(256, 6, 3, side=227)
    x = decoder.across_channels(F.relu(decoder.across_places(torch.randn(4, 256, 6, 6))))
    for up in decoder.ups:
        x = up(F.relu(x))
        assert 0.7 < x.std() < 1.4
