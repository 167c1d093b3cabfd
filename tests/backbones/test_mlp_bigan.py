import numpy as np
import pytest
import torch

from lessup.backbones.mlp_bigan import MLPGenerator, mlp_bigan


@pytest.fixture
def image():
    return torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def normalised(x):
    """Batch normalisation without gain and bias, from its definition."""
    return (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean(0) + 1e-8)


def test_encoder_equals_its_equations_in_float64(image):
    torch.manual_seed(0)
    encoder = mlp_bigan(channels=1).train()
    first, second = (weight.detach().double().numpy() for weight in encoder.parameters())
    x = image.flatten(1).double().numpy() @ first.T
    x = np.where(x > 0, x, 0.2 * x)
    x = normalised(x @ second.T)
    x = np.where(x > 0, x, 0.2 * x)
    np.testing.assert_allclose(encoder(encoder.normalised(image)).detach().numpy(), x, atol=1e-4)


def test_generator_equals_its_equations_in_float64():
    torch.manual_seed(0)
    generator = MLPGenerator().train()
    code = torch.rand(5, 50) * 2 - 1
    fc1, fc2, again, fc3 = (weight.detach().double().numpy() for weight in generator.parameters())
    z = code.double().numpy()
    x = np.maximum(normalised(z @ fc1.T), 0)
    x = np.maximum(normalised(x @ fc2.T + z @ again.T), 0)
    pixels = 1 / (1 + np.exp(-x @ fc3.T))
    np.testing.assert_allclose(generator(code).detach().numpy().reshape(5, -1), pixels, atol=1e-4)


def test_no_layer_has_a_bias_and_weights_have_the_published_spread():
    torch.manual_seed(0)
    for network in (mlp_bigan(channels=1), MLPGenerator()):
        for name, weight in network.named_parameters():
            assert weight.ndim == 2, name
            assert weight.std().item() == pytest.approx(0.02, rel=0.02)


def test_encoder_does_not_care_in_which_order_the_pixels_come(image):
    encoder = mlp_bigan(channels=1).eval()
    order = torch.randperm(784, generator=torch.Generator().manual_seed(1))
    before = encoder(image)
    with torch.no_grad():
        first = next(encoder.parameters())
        first.copy_(first[:, order])
    shuffled = image.flatten(1)[:, order].view_as(image)
    torch.testing.assert_close(encoder(shuffled), before)


def test_stages_have_the_published_widths():
    encoder = mlp_bigan(channels=1)
    assert encoder.shapes == {"fc1": (1024,), "fc2": (1024,)}
    assert encoder.default == "fc2"
