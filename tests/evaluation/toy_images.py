"""A small encoder and generated images of coloured discs, for tests of protocols on images."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lessup.backbones import Backbone
from lessup.methods import ImageEncoder, Losses
from lessup.optimization import Optimization
from lessup.samples.images import Images, Ragged

COLOURS = np.array([[220, 60, 60], [60, 200, 60], [70, 70, 220], [200, 200, 60]])


def toy_backbone(channels: int = 3) -> Backbone:
    def block(inputs, outputs):
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

    stages = {
        "conv1": block(channels, 6),
        "conv2": block(6, 8),
        "pool5": nn.AdaptiveAvgPool2d(2),
        "fc6": nn.Sequential(nn.Flatten(), nn.Linear(32, 16), nn.ReLU()),
    }
    return Backbone(stages, side=16, channels=channels, default="pool5")


class ToyEncoder(ImageEncoder):
    """A network that learns that images are dark."""

    @dataclass(frozen=True)
    class Config:
        backbone: str = "toy"
        channels: int = 3

    paper = "none"
    reads = ("image", "extent")

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or self.Config()
        self.backbone = toy_backbone(self.config.channels)

    @classmethod
    def example(cls, batch_size):
        return {"image": torch.rand(batch_size, 3, 16, 16), "extent": torch.full((batch_size, 2), 16)}

    def step(self, batch, draws) -> Losses:
        return Losses({"all": self.encode(batch).square().mean()})

    def optimizations(self, num_steps) -> dict[str, Optimization]:
        return {"all": Optimization(torch.optim.SGD(self.parameters(), 0.1))}


def discs(num_per_class=12, num_classes=3, *, noise=25, several=False, official=None, unlabelled=0) -> Images:
    """Generated images of 20 to 28 pixels: a disc in the colour of its class, or two discs of two classes."""
    generator = np.random.default_rng(0)
    label = np.repeat(np.arange(num_classes), num_per_class)
    other = generator.integers(0, num_classes, len(label))
    pictures = []
    for first, second in zip(label, other, strict=True):
        height, width = generator.integers(20, 29, 2)
        picture = np.full((height, width, 3), 110.0)
        for kind, column in ((first, 0.3), (second, 0.7)) if several else ((first, 0.5),):
            rows, columns = np.mgrid[:height, :width]
            centre = np.array([0.5 * height, column * width]) + generator.uniform(-2, 2, 2)
            disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < 20
            picture[disc] = COLOURS[kind]
        pictures.append(np.clip(picture + generator.normal(0, noise, picture.shape), 0, 255).astype(np.uint8))
    tags = (np.arange(num_classes) == label[:, None]) | (np.arange(num_classes) == other[:, None])
    label[:unlabelled] = -1
    return Images(
        pixels=Ragged.of(pictures),
        id=np.array([f"disc {number:03d}" for number in range(len(label))]),
        label=np.full(len(label), -1) if several else label,
        classes=("red", "green", "blue", "yellow")[:num_classes],
        group=np.arange(len(label)),
        official=np.full(len(label), "", "<U5") if official is None else official,
        fingerprint="generated discs",
        tags=tags.astype(np.int8) if several else None,
    )
