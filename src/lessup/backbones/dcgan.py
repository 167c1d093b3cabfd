"""Convolutions of 4 x 4 that halve or double a map: parts of context encoders, their critics and autoencoders.

Maps of 4, 8 and 16 pixels a side have 8, 4 and 2 times as many channels as the larger ones. No convolution has a bias.

Source: Radford, Metz, Chintala, *Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks*, 2016, with the widths of Pathak et al., *Context Encoders*, 2016, released code (which sets every bias to 0).
"""

from typing import TypeVar

from torch import nn

SMALLEST = 4
"""Side of the smallest map."""

Layer = TypeVar("Layer", nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)


def encoder_stages(channels: int, *, side: int, width: int, code: int) -> dict[str, nn.Module]:
    """Return the stages of an encoder: ``conv1`` ... down to maps of 4 x 4, then ``bottleneck``.

    Args:
        channels: C of the image, whose values are best in [-1, 1].
        side: S of the image, at least 8, a power of two.
        width: channels of maps of 32 pixels a side and more.
        code: numbers of the code (B, ``code``) that comes out.
    """
    stages = _halvings(channels, side, width)
    last = _drawn(nn.Conv2d(maps(SMALLEST, width), code, SMALLEST, bias=False))
    return stages | {"bottleneck": nn.Sequential(last, _batch_norm(code), nn.LeakyReLU(0.2), nn.Flatten())}


def decoder(code: int, channels: int, *, side: int, width: int) -> nn.Sequential:
    """Return what maps codes (B, ``code``) to images (B, C, S, S) in [-1, 1].

    Args:
        code: numbers of the code.
        channels: C of the image.
        side: S of the image, at least 8, a power of two.
        width: channels of maps of 32 pixels a side and more.
    """
    inputs, size = maps(SMALLEST, width), SMALLEST * 2
    first = _drawn(nn.ConvTranspose2d(code, inputs, SMALLEST, bias=False))
    layers = [nn.Unflatten(1, (code, 1, 1)), first, _batch_norm(inputs), nn.ReLU()]
    while size < side:
        outputs = maps(size, width)
        layers += [_double(inputs, outputs), _batch_norm(outputs), nn.ReLU()]
        inputs, size = outputs, size * 2
    return nn.Sequential(*layers, _double(inputs, channels), nn.Tanh())


def critic(channels: int, *, side: int, width: int) -> nn.Sequential:
    """Return what maps images (B, C, S, S) in [-1, 1] to (B,) logits that they are real; arguments as above."""
    last = _drawn(nn.Conv2d(maps(SMALLEST, width), 1, SMALLEST, bias=False))
    return nn.Sequential(*_halvings(channels, side, width).values(), last, nn.Flatten(0))


def maps(size: int, width: int) -> int:
    """Return the channels of a map of ``size`` pixels a side.

    >>> [maps(size, 64) for size in (4, 8, 16, 32, 64)]
    [512, 256, 128, 64, 64]
    """
    return width * max(32 // size, 1)


def _halvings(channels: int, side: int, width: int) -> dict[str, nn.Module]:
    """Return convolutions down to maps of 4 x 4; all but the first are normalised."""
    stages: dict[str, nn.Module] = {}
    inputs, size = channels, side // 2
    while size >= SMALLEST:
        outputs = maps(size, width)
        halve = _drawn(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False))
        norm = [_batch_norm(outputs)] if stages else []
        stages[f"conv{len(stages) + 1}"] = nn.Sequential(halve, *norm, nn.LeakyReLU(0.2))
        inputs, size = outputs, size // 2
    return stages


def _double(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return _drawn(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False))


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return _drawn(nn.BatchNorm2d(channels), mean=1.0)


def _drawn(layer: Layer, *, mean: float = 0.0) -> Layer:
    """Draw the weights of a layer from N(mean, 0.02)."""
    nn.init.normal_(layer.weight, mean=mean, std=0.02)
    return layer
