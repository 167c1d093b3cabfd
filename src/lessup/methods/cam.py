"""cam: a network learns from labels or tags of whole images so that it can also say where in an image each class is.

Bolei Zhou, Aditya Khosla, Agata Lapedriza, Aude Oliva, Antonio Torralba, *Learning Deep Features for Discriminative
Localization*, 2016, https://arxiv.org/abs/1512.04150. The last map is pooled to one number a channel, and a linear
layer weighs these; the same weights at every place of the map give a class activation map, see ``masks/class_maps.py``.

*Differs from the paper:* any backbone; images with tags get a sigmoid for each class; the linear layer has a bias, as
in the released networks, and maps leave it out; biases learn as fast as weights, where the release lets those of
convolutions learn twice as fast.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lessup import backbones
from lessup.backbones import Backbone, dense
from lessup.methods import Classifier, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, decaying_apart, descent
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.crops import crop_resize, mirrored
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.squares import random_squares


@dataclass(frozen=True, kw_only=True)
class CAMConfig(DescentConfig):
    """The published hyper-parameters.

    Attributes:
        backbone: network before the pooling. What it has behind its last map is left out: a pooling, or all that
            follows the last map of a stride of 20 pixels or less; of a transformer, all behind its last tokens.
        pooling: ``gap`` takes the mean of each channel over the map, ``gmp`` its maximum.
        channels: of the images, filled in from the data.
        num_classes: K, filled in from the data.
        target: one ``label`` an image, or any number of ``tags``; filled in from the data.
        weights: file, run folder or ``imagenet``, from which the backbone's weights are loaded; empty for none.
        crop: share of height and of width that is cut out, anywhere; 0.875 cuts 224 pixels out of 256.
        mirror: share of the images that is mirrored.
        dropout: share of the pooled numbers that is dropped.
        weight_decay: of weights, not of biases and normalisations.
    """

    backbone: str = "googlenet-gap"
    pooling: dense.Pooling = "gap"
    channels: int = 3
    num_classes: int = 1000
    target: Literal["label", "tags"] = "label"
    weights: str = ""
    crop: float = 0.875
    mirror: float = 0.5
    dropout: float = 0.5
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4


class CAM(Classifier):
    """A backbone, global pooling of its last map, and a linear classifier.

    Args:
        config: the hyper-parameters.
        backbone: network before the pooling, on the CPU; that of the config with random weights if not given. Its
            modules are shared.
    """

    Config: ClassVar = CAMConfig
    paper: ClassVar = (
        "Bolei Zhou, Aditya Khosla, Agata Lapedriza, Aude Oliva, Antonio Torralba, Learning Deep Features for "
        "Discriminative Localization, 2016, https://arxiv.org/abs/1512.04150"
    )
    config: CAMConfig

    def __init__(self, config: CAMConfig, backbone: Backbone | None = None) -> None:
        super().__init__()
        self.config = config
        before = backbone or backbones.build(config.backbone, channels=config.channels)
        self.backbone = dense.pooled(before, config.pooling)
        self.backbone.to(memory_format=torch.channels_last)  # 1.2 times as fast on a CPU
        (width,) = self.backbone.shapes["pool"]
        self.classifier = nn.Linear(width, config.num_classes)
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the loss of the labels; in training mode images are cropped and mirrored at random.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``label`` (B,) or ``tags`` (B, K); unknown ones, -1, do
                not count.
            draws: source of the augmentation and of dropout.

        Returns:
            the player ``classification``: cross-entropy, or with tags that of all classes, summed; the log has
            ``accuracy``, the share of known labels or tags that are told rightly, in percent.
        """
        image = self.augmented(batch, draws) if self.training else self.prepared(batch)
        pooled = self.backbone(image)
        if self.training and self.config.dropout:
            pooled = dropout(pooled, self.config.dropout, draws)
        logits = self.classifier(pooled)
        return self.losses(logits, batch)

    def augmented(self, batch: Batch, draws: Draws) -> Tensor:
        """Return (B, C, S, S) random views: a share of height and width of each image, brought to a square."""
        unit = random_squares(torch.ones_like(batch["extent"]), self.config.crop, draws)  # within 1 x 1
        box = mirrored(unit * batch["extent"][:, [1, 0, 1, 0]], draws, share=self.config.mirror)
        side = self.backbone.side
        return self.scaled(crop_resize(batch["image"], box, (side, side)))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        learnt = decaying_apart(self, self.config.weight_decay)
        return {"classification": descent(self.config, learnt, num_steps)}


def paper() -> Recipe:
    """Fine-tune GoogLeNet-GAP on ImageNet for 160,000 updates of 256 images, as in the released files; not run.

    Command: ``lessup train cam --data DATA --out RUN --recipe paper --weights googlenet.pth``.

    The released networks are snapshots of such runs: after 80,000 updates those of the localisation tables. The weights
    are torchvision's.
    """
    return Recipe(config=CAMConfig(), training=Training(steps=160_000, batch_size=256, log_every=100))


def cpu() -> Recipe:
    """Fine-tune EfficientNet-Lite0 with its ImageNet weights on a few thousand small images.

    Command: ``lessup train cam --data DATA --out RUN --recipe cpu``.

    An update takes a second and a half of one core. Adam, not SGD: with the paper's schedule nearly all of so short a
    run has rates that teach little. Rate, decay and dropout were not chosen by any validation.
    """
    config = CAMConfig(
        backbone="efficientnet-lite0",
        weights="imagenet",
        dropout=0.2,
        optimizer="adamw",
        learning_rate=5e-4,
        weight_decay=0.01,
    )
    return Recipe(config=config, training=Training(steps=500, batch_size=16))
