"""texton-cnn: a network tells which mixture of small textures an image has, the control of learning from its sound.

Andrew Owens, Jiajun Wu, Josh H. McDermott, William T. Freeman, Antonio Torralba, *Ambient Sound Provides Supervision
for Visual Learning*, 2016, https://arxiv.org/abs/1608.07017: the row "Texton-CNN" of table 1, the same network with
clusters of texton histograms of the image itself in place of clusters of sounds.

*Differs from the paper:* filters and number of textons are not in the facts at hand, see ``transforms/textons.py``;
histograms are taken of whole images at the size of the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones import flat
from lessup.errors import DataError, UsageError
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.transforms.crops import crop_resize, mirrored, resize_whole
from lessup.transforms.draws import Draws
from lessup.transforms.sound_targets import cluster_centres, nearest_centre
from lessup.transforms.squares import random_squares
from lessup.transforms.textons import NUM_FILTERS, REACH, filter_responses, texton_histograms

MOST_FITTED = 2000
"""Images, drawn at random, to which textons and clusters are fitted at most."""

PLACES = 50
"""Pixels of each of these images whose answers are clustered."""

AT_ONCE = 16
"""Images whose answers are held at a time."""


@dataclass(frozen=True, kw_only=True)
class TextonCNNConfig(DescentConfig):
    """What is asked, of which network, and how it learns.

    Attributes:
        backbone: network that sees the image.
        channels: of the images, filled in from the data.
        textons: T, kinds of texture.
        clusters: K, kinds of mixtures of them.
        square: side of the square that is cut out of an image, as a share of its shorter side.
        mirror: share of the images that is mirrored.
    """

    backbone: str = "alexnet-caffe-norm"
    channels: int = 3
    textons: int = 64
    clusters: int = 30
    square: float = 227 / 256
    mirror: float = 0.5
    learning_rate: float = 0.01
    weight_decay: float = 5e-4


class TextonCNN(ImageEncoder):
    """A network for images, and the kinds of texture that it learns from.

    Attributes:
        textons: (T, 48) answers of the filters.
        centres: (K, T) shares of the textons.
    """

    Config: ClassVar = TextonCNNConfig
    paper: ClassVar = (
        "Andrew Owens, Jiajun Wu, Josh H. McDermott, William T. Freeman, Antonio Torralba, Ambient Sound Provides "
        "Supervision for Visual Learning, 2016, https://arxiv.org/abs/1608.07017"
    )
    reads: ClassVar = ("image", "extent")
    fitted: ClassVar = ("textons", "centres")
    config: TextonCNNConfig
    textons: Tensor
    centres: Tensor

    def __init__(self, config: TextonCNNConfig) -> None:
        super().__init__()
        if config.clusters < 2 or config.textons < 2 or not 0 < config.square <= 1:
            raise UsageError(
                f"{config.clusters} clusters, {config.textons} textons, squares of {config.square}: wanted 2 or more, "
                "2 or more, and above 0 to 1"
            )
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        if min(self.backbone.size) <= REACH:
            raise UsageError(
                f"--backbone {config.backbone} sees {self.backbone.size} pixels: wanted {REACH + 1} or more"
            )
        self.backbone.to(memory_format=torch.channels_last)
        width = flat(torch.zeros(1, *self.backbone.shapes[self.backbone.layers[-1]])).shape[1]
        self.answer = nn.Linear(width, config.clusters)
        nn.init.normal_(self.answer.weight, std=0.01)
        nn.init.zeros_(self.answer.bias)
        self.register_buffer("textons", torch.zeros(config.textons, NUM_FILTERS))
        self.register_buffer("centres", torch.zeros(config.clusters, config.textons))

    def begin(self, samples: Samples, seed: int) -> None:
        """Fit textons to places drawn from the training part, and clusters to its histograms.

        Raises:
            DataError: the images are too few or too much alike for so many.
        """
        generator = np.random.default_rng(seed)
        chosen = np.sort(generator.permutation(len(samples))[:MOST_FITTED])
        parts = [chosen[begin : begin + AT_ONCE] for begin in range(0, len(chosen), AT_ONCE)]
        answers = []
        for part in parts:
            found = filter_responses(self._whole(samples.batch(part))).flatten(2)
            places = torch.from_numpy(generator.integers(0, found.shape[2], PLACES))
            answers.append(found[:, :, places].transpose(1, 2).flatten(0, 1))
        textons = _centres(torch.cat(answers), self.config.textons, "textons", seed)
        histograms = torch.cat([texton_histograms(self._whole(samples.batch(part)), textons) for part in parts])
        self.textons.copy_(textons)
        self.centres.copy_(_centres(histograms, self.config.clusters, "clusters", seed))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64) of random pixels and ``extent`` (B, 2)."""
        return {"image": torch.rand(batch_size, 3, 64, 64), "extent": torch.full((batch_size, 2), 64)}

    def targets(self, batch: Batch) -> Tensor:
        """Return (B,) int64 the kind of mixture of textons that each whole image has."""
        return nearest_centre(texton_histograms(self._whole(batch), self.textons), self.centres)

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of the cluster; in training images are cropped.

        Args:
            batch: ``image`` (B, C, H, W) and ``extent`` (B, 2).
            draws: source of the crops.

        Returns:
            the player ``textons``; the log has ``accuracy``, the share of clusters told rightly, in percent.
        """
        target = self.targets(batch)
        x = self._cropped(batch, draws) if self.training else self.prepared(batch)
        scores = self.answer(flat(self.backbone(x.contiguous(memory_format=torch.channels_last))))
        right = (scores.argmax(1) == target).float().mean()
        return Losses({"textons": F.cross_entropy(scores, target)}, {"accuracy": 100 * right})

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        return {"textons": descent(self.config, self, num_steps)}

    def _whole(self, batch: Batch) -> Tensor:
        """Return whole images at the size of the network, in [0, 1]."""
        return resize_whole(batch["image"], batch["extent"], self.backbone.size)

    def _cropped(self, batch: Batch, draws: Draws) -> Tensor:
        """Return (B, C, S, S) random squares of images, some mirrored, normalised."""
        box = mirrored(random_squares(batch["extent"], self.config.square, draws), draws, share=self.config.mirror)
        return self.scaled(crop_resize(batch["image"], box, self.backbone.size))


def _centres(x: Tensor, count: int, flag: str, seed: int) -> Tensor:
    """Return (count, D) centres of clusters.

    Raises:
        DataError: the rows of ``x`` are too few or too much alike.
    """
    try:
        return cluster_centres(x, count, seed=seed)
    except DataError as error:
        raise DataError(f"the images are too few or too much alike: pass a smaller --{flag} than {count}") from error


def paper() -> Recipe:
    """Train CaffeNet with batch normalisation for the published 320,000 updates; batch and rate are ours, not run.

    Command: ``lessup train texton-cnn --data CLIPS --out RUN --recipe paper``.
    """
    training = Training(steps=320_000, batch_size=256, log_every=100, checkpoint_every=5_000)
    return Recipe(config=TextonCNNConfig(), training=training)


def cpu() -> Recipe:
    """Train the small AlexNet in a few minutes of one core.

    Command: ``lessup train texton-cnn --data CLIPS --out RUN --recipe cpu``.
    """
    config = TextonCNNConfig(
        backbone="alexnet-small", clusters=10, optimizer="adamw", learning_rate=1e-3, weight_decay=0.05
    )
    return Recipe(config=config, training=Training(steps=300, batch_size=64))
