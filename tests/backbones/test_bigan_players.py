import pytest
import torch
from torch.nn import functional as F

from lessup.backbones.bigan_players import ConvDiscriminator, ConvGenerator, MLPDiscriminator


def drawn(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def normalised(x, norm=None):
    """Batch normalisation over every axis but the second, from its definition."""
    axes = [axis for axis in range(x.ndim) if axis != 1]
    mean = x.mean(axes, keepdim=True)
    result = (x - mean) / ((x - mean).square().mean(axes, keepdim=True) + 1e-8).sqrt()
    if norm is not None:
        gain, bias = (value.view(-1, *[1] * (x.ndim - 2)) for value in (norm.weight, norm.bias))
        result = result * gain + bias
    return result


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def shake_gains(network):
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "norm" in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return network.double()


def test_code_enters_the_second_layer_of_the_mlp_discriminator_alone_and_before_its_normalisation():
    network = MLPDiscriminator(channels=1, code=50).double()
    image, code = drawn(6, 1, 28, 28), 2 * drawn(6, 50, seed=1) - 1
    fc1, fc2, entry, fc3 = network.parameters()
    hidden = leaky(image.flatten(1) @ fc1.T) @ fc2.T + code @ entry.T
    wanted = leaky(normalised(hidden)) @ fc3.T
    torch.testing.assert_close(network(image, code), wanted[:, 0])


def test_mlp_discriminator_without_a_code_judges_the_image_alone():
    network = MLPDiscriminator(channels=1, code=0).double()
    image = drawn(6, 1, 28, 28)
    fc1, fc2, fc3 = network.parameters()
    wanted = leaky(normalised(leaky(image.flatten(1) @ fc1.T) @ fc2.T)) @ fc3.T
    torch.testing.assert_close(network(image, None), wanted[:, 0])


def test_code_shifts_every_map_of_the_conv_discriminator_but_the_first():
    network = shake_gains(ConvDiscriminator(channels=3, code=7))
    image, code = drawn(3, 3, 64, 64), 2 * drawn(3, 7, seed=1) - 1
    x = leaky(F.conv2d(2 * image - 1, network.first.weight, stride=2, padding=2))
    for stage in network.hidden:
        shift = (code @ stage.entry.weight.T)[:, :, None, None]
        x = leaky(normalised(F.conv2d(x, stage.convolution.weight, stride=2, padding=2) + shift, stage.norm))
    assert x.shape == (3, 512, 4, 4)
    torch.testing.assert_close(network(image, code), (x.flatten(1) @ network.last.weight.T)[:, 0])


def test_conv_discriminator_without_a_code_takes_none():
    network = ConvDiscriminator(channels=1, code=0)
    assert network(torch.rand(2, 1, 64, 64), None).shape == (2,)
    assert not any("entry" in name for name, _ in network.named_parameters())


def test_conv_generator_equals_its_equations_and_fills_64_pixels():
    network = shake_gains(ConvGenerator(channels=3, code=7))
    code = 2 * drawn(3, 7) - 1
    x = F.relu(normalised(code @ network.first.weight.T, network.first_norm)).view(3, 512, 4, 4)
    for stage in network.hidden:
        # A transposed convolution of stride 2: zeros between the pixels, then the mirrored kernel.
        spread = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
        spread[:, :, ::2, ::2] = x
        kernel = stage.convolution.weight.flip(2, 3).transpose(0, 1)
        maps = F.conv2d(spread, kernel, padding=2)
        x = F.relu(normalised(maps + (code @ stage.entry.weight.T)[:, :, None, None], stage.norm))
    image = network(code)
    assert x.shape == (3, 64, 32, 32)
    assert image.shape == (3, 3, 64, 64)
    assert 0 <= image.min() <= image.max() <= 1
    torch.testing.assert_close(image, F.conv_transpose2d(x, network.last.weight, None, 2, 2, 1).sigmoid())


def test_maps_are_shifted_about_as_much_as_the_convolution_moves_them():
    network = ConvDiscriminator(channels=3, code=200)
    for stage in network.hidden:
        assert stage.entry.weight.std().item() == pytest.approx(0.5, rel=0.05)
        assert stage.convolution.weight.std().item() == pytest.approx(0.02, rel=0.05)
