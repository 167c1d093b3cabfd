import pytest
import torch
from torch import nn

from lessup.backbones import dcgan


def published_encoder(bottleneck):
    """The layers of the released inpainting network, for 128 pixels."""
    layers, inputs = [], 3
    for outputs in (64, 64, 128, 256, 512):
        layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(outputs)] if inputs != 3 else []
        layers.append(nn.LeakyReLU(0.2))
        inputs = outputs
    return nn.Sequential(
        *layers, nn.Conv2d(512, bottleneck, 4, bias=False), nn.BatchNorm2d(bottleneck), nn.LeakyReLU(0.2)
    )


def with_weights_of(theirs, ours):
    pairs = zip(theirs.parameters(), ours.parameters(), strict=True)
    with torch.no_grad():
        for mine, right in pairs:
            mine.copy_(right)
    return theirs


def test_encoder_for_128_pixels_is_the_released_one():
    torch.manual_seed(0)
    ours = nn.Sequential(*dcgan.encoder_stages(3, side=128, width=64, code=40).values())
    theirs = with_weights_of(published_encoder(40), ours)
    image = torch.rand(3, 3, 128, 128)
    torch.testing.assert_close(ours(image), theirs(image).flatten(1), rtol=0, atol=1e-4)


def test_decoder_to_64_pixels_is_the_released_one():
    torch.manual_seed(0)
    layers, inputs = [nn.ConvTranspose2d(40, 512, 4, bias=False), nn.BatchNorm2d(512), nn.ReLU()], 512
    for outputs in (256, 128, 64):
        layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    theirs = nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())
    ours = dcgan.decoder(40, 3, side=64, width=64)
    with_weights_of(theirs, ours)
    code = torch.randn(3, 40)
    torch.testing.assert_close(ours(code), theirs(code[:, :, None, None]), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("side", "outputs"), [(32, (128, 256, 512)), (64, (64, 128, 256, 512)), (128, (64, 64, 128, 256, 512))]
)
def test_critic_has_the_released_widths(side, outputs):
    critic = dcgan.critic(3, side=side, width=64)
    convolutions = [layer for layer in critic.modules() if isinstance(layer, nn.Conv2d)]
    assert tuple(layer.out_channels for layer in convolutions) == (*outputs, 1)
    assert all(layer.bias is None for layer in convolutions)
    assert len([layer for layer in critic.modules() if isinstance(layer, nn.BatchNorm2d)]) == len(outputs) - 1
    assert critic(torch.rand(2, 3, side, side)).shape == (2,)


def test_weights_and_gains_have_the_published_spread():
    torch.manual_seed(0)
    for name, weight in dcgan.decoder(400, 3, side=64, width=64).named_parameters():
        if name.endswith("bias"):
            assert not weight.any()
        elif weight.ndim == 4:
            assert weight.std().item() == pytest.approx(0.02, rel=0.05)
        else:
            assert weight.mean().item() == pytest.approx(1, abs=0.01)
            assert weight.std().item() == pytest.approx(0.02, rel=0.3)
