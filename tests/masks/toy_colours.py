"""A classifier whose maps are known by hand, for tests of what is made of maps."""

from dataclasses import dataclass

import torch
from torch import nn

from lessup.backbones import Backbone
from lessup.methods import Classifier, PooledEnding


class ToyColours(Classifier):
    """Scores how much of an image is red, green and blue: a map of 8 x 8, pooled."""

    @dataclass(frozen=True)
    class Config:
        side: int = 32

    paper = "none"
    reads = ("image", "extent")

    def __init__(self) -> None:
        super().__init__()
        self.config = self.Config()
        stages = {"map": nn.AvgPool2d(4), "pool": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())}
        self.backbone = Backbone(stages, side=32, channels=3, default="pool", mean=(0.0,), std=(1.0,))
        self.classifier = nn.Linear(3, 3)
        with torch.no_grad():
            self.classifier.weight.copy_(2 * torch.eye(3) - 1)

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
