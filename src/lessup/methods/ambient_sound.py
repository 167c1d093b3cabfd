"""ambient-sound: a network sees a frame of a video and tells what kind of sound is heard around it.

Andrew Owens, Jiajun Wu, Josh H. McDermott, William T. Freeman, Antonio Torralba, *Ambient Sound Provides Supervision
for Visual Learning*, 2016, https://arxiv.org/abs/1608.07017.

*Differs from the paper:* sounds are brought to one level, and have a floor, before they are measured (see
``transforms/sound_textures.py``). The facts at hand say neither how groups of statistics are weighed, nor which code
the spectrum alone was given, nor batch, rate, crops and dropout; what stands here for them is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

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
from lessup.samples.clip_frames import heard
from lessup.samples.images import Images
from lessup.transforms.crops import crop_resize, mirrored
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.sound_targets import (
    bits_along,
    cluster_centres,
    nearest_centre,
    normalisation,
    principal_directions,
)
from lessup.transforms.sound_textures import NUM_STATISTICS, PARTS
from lessup.transforms.squares import random_squares

CLIPS_A_CLUSTER = 8
"""There are no more clusters than so many clips each: one of a single clip says nothing about the others."""

MOST_FITTED = 50_000
"""Sounds, drawn at random, to which clusters and directions are fitted at most."""

DROPPED = ("fc6", "fc7")
"""Layers of which AlexNet drops some outputs in training."""


@dataclass(frozen=True, kw_only=True)
class AmbientSoundConfig(DescentConfig):
    """What is asked, of which network, and how it learns.

    Attributes:
        backbone: network that sees the frame.
        channels: of the frames, filled in from the data.
        target: ``cluster`` asks which k-means cluster of textures is heard; ``binary`` on which side of the mean the
            sound lies along each principal component; ``spectrum`` for the cluster by the mean of each band alone.
        clusters: K; as many as an eighth of the clips, at least 2, where these are fewer.
        bits: K of ``binary``.
        shuffled: give every frame of a batch the sound of another in training: a control that learns how often each
            sound is heard and no more.
        square: side of the square that is cut out of a frame, as a share of its shorter side.
        mirror: share of the frames that is mirrored.
        dropout: share of the outputs of fc6 and fc7 that is dropped.
    """

    backbone: str = "alexnet-caffe-norm"
    channels: int = 3
    target: Literal["cluster", "binary", "spectrum"] = "cluster"
    clusters: int = 30
    bits: int = 30
    shuffled: bool = False
    square: float = 227 / 256
    mirror: float = 0.5
    dropout: float = 0.5
    learning_rate: float = 0.01
    weight_decay: float = 5e-4


class AmbientSound(ImageEncoder):
    """A network for frames, and what the sounds that it learns from are described by.

    Attributes:
        mean: (502,) of the textures.
        scale: (502,) by which they are divided.
        code: (K, D) centres of clusters, or directions.
        frequency: (K,) share of the training sounds that are of each cluster, or beyond the mean.
    """

    Config: ClassVar = AmbientSoundConfig
    paper: ClassVar = (
        "Andrew Owens, Jiajun Wu, Josh H. McDermott, William T. Freeman, Antonio Torralba, Ambient Sound Provides "
        "Supervision for Visual Learning, 2016, https://arxiv.org/abs/1608.07017"
    )
    reads: ClassVar = ("image", "extent", "texture")
    fitted: ClassVar = ("mean", "scale", "code", "frequency")
    config: AmbientSoundConfig
    mean: Tensor
    scale: Tensor
    code: Tensor
    frequency: Tensor

    def __init__(self, config: AmbientSoundConfig) -> None:
        super().__init__()
        if config.clusters < 2 or config.bits < 1 or not 0 < config.square <= 1:
            raise UsageError(
                f"{config.clusters} clusters, {config.bits} bits, squares of {config.square}: wanted 2 or more, 1 or "
                "more, and above 0 to 1"
            )
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        self.backbone.to(memory_format=torch.channels_last)
        count = config.bits if config.target == "binary" else config.clusters
        width = self.backbone.width
        self.answer = nn.Linear(width, count)
        nn.init.normal_(self.answer.weight, std=0.01)
        nn.init.zeros_(self.answer.bias)
        self.columns = PARTS["mean"] if config.target == "spectrum" else slice(NUM_STATISTICS)
        self.register_buffer("mean", torch.zeros(NUM_STATISTICS))
        self.register_buffer("scale", torch.ones(NUM_STATISTICS))
        self.register_buffer("code", torch.zeros(count, len(range(NUM_STATISTICS)[self.columns])))
        self.register_buffer("frequency", torch.full((count,), 1 / count))

    @classmethod
    def configured(cls, config: AmbientSoundConfig, samples: Samples) -> AmbientSoundConfig:
        """Return ``config`` with the channels of the frames, and no more clusters than suit the number of clips."""
        if not isinstance(samples, Images):
            return config
        config = replace(config, channels=samples.channels)
        clips = len(np.unique(samples.group[heard(samples)]))
        return replace(config, clusters=min(config.clusters, max(clips // CLIPS_A_CLUSTER, 2))) if clips else config

    def begin(self, samples: Samples, seed: int) -> None:
        """Fit normalisation, clusters or directions, and their frequencies to the sounds of the training part.

        Raises:
            DataError: the sounds are too few or too much alike for so many clusters or bits.
        """
        moments = samples.moments if isinstance(samples, Images) else None
        if moments is None or moments.texture is None:
            raise DataError("ambient-sound learns from the sound around frames of clips, and these samples have none")
        chosen = np.sort(np.random.default_rng(seed).permutation(len(samples))[:MOST_FITTED])
        texture = torch.from_numpy(np.array(moments.texture[chosen]))
        mean, scale = normalisation(texture)
        x = ((texture - mean) / scale)[:, self.columns]
        if self.config.target == "binary":
            code = principal_directions(x, self.config.bits)
        else:
            code = cluster_centres(x, self.config.clusters, seed=seed)
        for name, value in zip(("mean", "scale", "code"), (mean, scale, code), strict=True):
            getattr(self, name).copy_(value)
        self.frequency.copy_(self._one_hot(self.targets(texture.to(self.device))).mean(0))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64) of random pixels, ``extent`` and random ``texture`` (B, 502)."""
        image, texture = torch.rand(batch_size, 3, 64, 64), torch.randn(batch_size, NUM_STATISTICS)
        return {"image": image, "extent": torch.full((batch_size, 2), 64), "texture": texture}

    def targets(self, texture: Tensor) -> Tensor:
        """Return what is to be told of sounds: (B,) int64 clusters, or (B, K) bool bits.

        Args:
            texture: (B, 502) without NaN.
        """
        with torch.autocast(texture.device.type, enabled=False):  # in half precision sounds change sides
            x = ((texture.float() - self.mean) / self.scale)[:, self.columns]
            return bits_along(x, self.code) if self.config.target == "binary" else nearest_centre(x, self.code)

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of the cluster, or that of the bits, meaned; in training frames are cropped.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``texture`` (B, 502) without NaN.
            draws: source of crops, dropout and, in the control, of the order of sounds.

        Returns:
            the player ``sound``; the log has ``accuracy``, the share of clusters or bits told rightly, in percent.
        """
        target = self.targets(batch["texture"])
        if self.training and self.config.shuffled:
            target = target[draws.uniform(len(target)).argsort()]
        scores = self._scores(self._cropped(batch, draws), draws) if self.training else self.told(batch)
        if self.config.target == "binary":
            loss, right = F.binary_cross_entropy_with_logits(scores, target.float()), (scores > 0) == target
        else:
            loss, right = F.cross_entropy(scores, target), scores.argmax(1) == target
        return Losses({"sound": loss}, {"accuracy": 100 * right.float().mean()})

    def told(self, batch: Batch) -> Tensor:
        """Return (B, K) scores of the clusters, or of each bit being 1, from whole frames."""
        return self._scores(self.prepared(batch))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        return {"sound": descent(self.config, self, num_steps)}

    def _cropped(self, batch: Batch, draws: Draws) -> Tensor:
        """Return (B, C, S, S) random squares of frames, some mirrored, normalised."""
        box = mirrored(random_squares(batch["extent"], self.config.square, draws), draws, share=self.config.mirror)
        return self.scaled(crop_resize(batch["image"], box, self.backbone.size))

    def _scores(self, x: Tensor, draws: Draws | None = None) -> Tensor:
        """Map prepared (B, C, S, S) to (B, K) scores; ``draws`` turns dropout on."""
        layers = self.backbone.layers
        x, after = x.contiguous(memory_format=torch.channels_last), None
        for layer in [name for name in DROPPED if name in layers] or layers[-1:]:
            x, after = flat(self.backbone.features(x, (layer,), after=after)[layer]), layer
            if draws is not None and self.config.dropout:
                x = dropout(x, self.config.dropout, draws)
        scores: Tensor = self.answer(x)
        return scores

    def _one_hot(self, target: Tensor) -> Tensor:
        """Return (B, K) float32 of clusters or bits."""
        return target.float() if target.ndim == 2 else F.one_hot(target, len(self.code)).float()


def paper() -> Recipe:
    """Train CaffeNet with batch normalisation for the published 320,000 updates; batch and rate are ours, not run.

    Command: ``lessup train ambient-sound --data CLIPS --out RUN --recipe paper``.
    """
    training = Training(steps=320_000, batch_size=256, log_every=100, checkpoint_every=5_000)
    return Recipe(config=AmbientSoundConfig(), training=training)


def cpu() -> Recipe:
    """Train the small AlexNet on a folder of clips in a few minutes of one core.

    Command: ``lessup train ambient-sound --data CLIPS --out RUN --recipe cpu``.
    """
    config = AmbientSoundConfig(
        backbone="alexnet-small", dropout=0.2, optimizer="adamw", learning_rate=1e-3, weight_decay=0.05
    )
    return Recipe(config=config, training=Training(steps=300, batch_size=64))
