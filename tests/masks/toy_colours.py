"""A classifier whose maps are known by hand, and images of one coloured thing, for tests of what is made of maps."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lessup.backbones import Backbone
from lessup.backbones.dense import PooledEnding
from lessup.methods import Classifier
from lessup.samples.images import Boxes, Images, Ragged

CLASSES = ("red", "green", "blue")


class ToyColours(Classifier):
    """Scores an image by the means of its channels, over a map of 8 x 8."""

    @dataclass(frozen=True)
    class Config:
        num_classes: int = 3
        backbone: str = "colours"

    paper = "none"
    reads = ("image", "extent")

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or self.Config()
        stages = {"map": nn.AvgPool2d(4), "pool": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())}
        self.backbone = Backbone(stages, side=32, channels=3, default="pool", mean=(0.0,), std=(1.0,))
        self.classifier = nn.Linear(3, self.config.num_classes)

    def logits(self, image):
        return self.classifier(self.backbone(image))

    @property
    def ending(self):
        return PooledEnding("map", self.classifier.weight, self.classifier.bias)

    @classmethod
    def example(cls, batch_size):
        return {"image": torch.rand(batch_size, 3, 32, 32), "extent": torch.full((batch_size, 2), 32)}

    def step(self, batch, draws):
        raise NotImplementedError

    def optimizations(self, num_steps):
        raise NotImplementedError


def knowing_colours() -> ToyColours:
    """Return the classifier that knows its colour from the other two."""
    network = ToyColours().eval()
    with torch.no_grad():
        network.classifier.weight.copy_(2 * torch.eye(3) - 1)
        network.classifier.bias.zero_()
    return network


def things(count: int = 12, *, masks: bool = True, seed: int = 0) -> Images:
    """Images of several shapes, each with a box of noise in the colour of its class on a dark, noisy ground."""
    rng = np.random.default_rng(seed)
    pixels, drawn, boxes = [], [], []
    for number in range(count):
        height, width = rng.integers(40, 100, 2)
        high, wide = (rng.uniform(0.3, 0.85, 2) * (height, width)).astype(int)
        top, left = rng.integers(0, height - high + 1), rng.integers(0, width - wide + 1)
        image = rng.integers(0, 60, (height, width, 3))
        image[top : top + high, left : left + wide, number % 3] += 180
        mask = np.zeros((height, width, 1), np.uint8)
        mask[top : top + high, left : left + wide] = 1 + number % 3
        pixels.append(image.astype(np.uint8))
        drawn.append(mask)
        corners = np.array([[left, top, left + wide, top + high]], np.float32)
        boxes.append(Boxes(corners, np.array([number % 3]), np.array([False])))
    return Images(
        pixels=Ragged.of(pixels),
        id=np.array([f"{number:02d}.png" for number in range(count)]),
        label=np.arange(count) % 3,
        classes=CLASSES,
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="things",
        boxes=tuple(boxes),
        masks=Ragged.of(drawn) if masks else None,
    )
