"""egomotion-video: a network sees two frames of a video and learns how the camera moved between them.

Pulkit Agrawal, Joao Carreira, Jitendra Malik, *Learning to See by Moving*, 2015, https://arxiv.org/abs/1505.01596, the
experiment on KITTI: frames up to 7 apart, the shifts along X and Z and the turn about Y each told as one of 22 classes.

*Differs from the paper:* every pair of frames is one sample, where the paper draws a million. Both frames are cut at
one place. What sees both maps of conv5, and dropout, are ours: the facts at hand do not say. How labels are scaled is
our reading of "standardised, then translation and rotation scaled by relative deviation": the two shifts lose their
means and are divided by the larger of their deviations, the turn by its own. The published shift is that of the world,
whichever way the camera looks; ``axes`` can take that of the camera. The turn is relative in either case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lessup import backbones
from lessup.errors import UsageError
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.frame_pairs import MOST_APART, FramePairs
from lessup.transforms.camera_motion import Axes, bins, camera_motion
from lessup.transforms.crops import crop_resize
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.squares import central_squares, random_squares

NAMES = ("x", "z", "turn")

HALVED_EVERY = 20_000
"""Updates after which the published rate is halved."""

PUBLISHED_CROP = 227 / 376
"""Of frames 376 pixels high, side by side with the network's 227."""


@dataclass(frozen=True, kw_only=True)
class EgomotionVideoConfig(DescentConfig):
    """The published hyper-parameters, as far as they are known.

    Attributes:
        backbone: network that both frames go through.
        layer: the last of its stages that is used, a map.
        channels: of the frames, filled in from the data.
        axes: ``world`` takes shifts along the axes of the clip's world, as published; ``camera`` those of the camera.
        bins: classes of each number, and two more for what lies beyond them.
        width: of a bin, in deviations; the frames by which a pair differs at most over 7.
        mean: of X, Z and turn in training, filled in from the data.
        scale: by which each is divided, filled in from the data.
        usual: class of each that is most frequent in training, filled in from the data.
        crop: side of what is seen of a frame, as a share of its short side; training cuts anywhere.
        mixing: maps of the two convolutions that see both frames.
        hidden: units of the layer behind them.
        dropout: share of its outputs that is dropped.
        optimizer: ``sgd`` with momentum, its rate halved every 20,000 updates; or ``adamw``, which warms up and falls
            to 0 along a cosine.
    """

    backbone: str = "alexnet-caffe"
    layer: str = "conv5"
    channels: int = 3
    axes: Axes = "world"
    bins: int = 20
    width: float = MOST_APART / 7
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    usual: tuple[int, int, int] = (0, 0, 0)
    crop: float = PUBLISHED_CROP
    mixing: tuple[int, int] = (256, 128)
    hidden: int = 500
    dropout: float = 0.5
    learning_rate: float = 0.001
    weight_decay: float = 5e-4


class EgomotionVideo(ImageEncoder):
    """One network for both frames, and layers that see both maps, from which three classes are told."""

    Config: ClassVar = EgomotionVideoConfig
    paper: ClassVar = (
        "Pulkit Agrawal, Joao Carreira, Jitendra Malik, Learning to See by Moving, 2015, "
        "https://arxiv.org/abs/1505.01596"
    )
    reads: ClassVar = ("image", "extent", "other", "pose")
    config: EgomotionVideoConfig

    def __init__(self, config: EgomotionVideoConfig) -> None:
        super().__init__()
        _check(config)
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels).until(config.layer)
        shape = self.backbone.shapes[config.layer]
        if len(shape) != 3:
            raise UsageError(f"--layer {config.layer} is no map, which both frames are compared by: choose another")
        first, second = config.mixing
        self.both = nn.Sequential(
            nn.Conv2d(2 * shape[0], first, 3, padding=1), nn.ReLU(), nn.Conv2d(first, second, 3, padding=1), nn.ReLU()
        )
        self.hidden = nn.Linear(second * shape[1] * shape[2], config.hidden)
        self.answer = nn.Linear(config.hidden, len(NAMES) * (config.bins + 2))
        for layer in (*self.both, self.hidden, self.answer):
            if not isinstance(layer, nn.ReLU):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    @classmethod
    def configured(cls, config: EgomotionVideoConfig, samples: Samples) -> EgomotionVideoConfig:
        """Return ``config`` with the channels and what is usual among the motions that are not of the test part."""
        if not isinstance(samples, FramePairs):
            return config
        config = replace(config, channels=samples.channels)
        learnt = samples.take(np.flatnonzero(samples.official != "test"))
        if not len(learnt):
            return config
        motion = camera_motion(torch.from_numpy(learnt.poses()), config.axes)
        spread = motion.std(0, correction=0)
        spread[:2] = spread[:2].max()
        scale = torch.where(spread > 0, spread, 1)
        scaled = replace(config, mean=tuple(motion.mean(0).tolist()), scale=tuple(scale.tolist()))
        return replace(scaled, usual=tuple(_classes(motion, scaled).mode(0).values.tolist()))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` and ``other`` (B, 3, 64, 64), their ``extent`` (B, 2) and ``pose`` (B, 2, 3, 4)."""
        pose = torch.eye(3, 4).repeat(batch_size, 2, 1, 1)
        pose[:, 1, :, 3] = torch.randn(batch_size, 3)
        image, other = torch.rand(2, batch_size, 3, 64, 64)
        return {"image": image, "other": other, "extent": torch.full((batch_size, 2), 64), "pose": pose}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropies of the three classes, summed; training cuts both frames at one random place.

        Args:
            batch: ``image`` and ``other`` (B, C, H, W), ``extent`` (B, 2) and ``pose`` (B, 2, 3, 4) of both.
            draws: source of the places and of dropout.

        Returns:
            the player ``motion``; the log has the share of right answers in percent, ``x``, ``z`` and ``turn``, and
            what telling the class that is most frequent in training would give, ``x_usual`` and so on.
        """
        config, extent = self.config, batch["extent"]
        box = random_squares(extent, config.crop, draws) if self.training else central_squares(extent, config.crop)
        views = [self.scaled(crop_resize(batch[key], box, self.backbone.size)) for key in ("image", "other")]
        wanted = _classes(camera_motion(batch["pose"], config.axes), config)
        told = self.told(views[0], views[1], draws if self.training else None)
        loss = torch.stack([F.cross_entropy(told[:, n], wanted[:, n]) for n in range(len(NAMES))]).sum()
        right = 100 * (told.argmax(2) == wanted).float().mean(0)
        usual = 100 * (wanted == wanted.new_tensor(config.usual)).float().mean(0)
        log = dict(zip(NAMES, right, strict=True)) | {f"{n}_usual": v for n, v in zip(NAMES, usual, strict=True)}
        return Losses({"motion": loss}, log)

    def told(self, first: Tensor, second: Tensor, draws: Draws | None = None) -> Tensor:
        """Return (B, 3, bins + 2) scores.

        Args:
            first: (B, C, S, S) scaled.
            second: the same place in another frame.
            draws: turns dropout on.
        """
        maps = self.backbone(torch.cat([first, second])).chunk(2)
        hidden = self.hidden(self.both(torch.cat(maps, 1)).flatten(1)).relu()
        if draws is not None and self.config.dropout:
            hidden = dropout(hidden, self.config.dropout, draws)
        scores: Tensor = self.answer(hidden).unflatten(1, (len(NAMES), self.config.bins + 2))
        return scores

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate is halved now and then, or AdamW with a linear warm-up and a cosine to zero."""
        return {"motion": descent(self.config, self, num_steps, schedule=_halved)}


def _classes(motion: Tensor, config: EgomotionVideoConfig) -> Tensor:
    """Return the (B, 3) int64 classes of (B, 3) motions."""
    scaled = (motion - motion.new_tensor(config.mean)) / motion.new_tensor(config.scale)
    return bins(scaled, num_bins=config.bins, width=config.width)


def _check(config: EgomotionVideoConfig) -> None:
    if config.bins < 2 or config.bins % 2 or config.width <= 0 or not 0 < config.crop <= 1:
        raise UsageError(
            f"{config.bins} bins of width {config.width}, crops of {config.crop}: wanted an even number from 2, above "
            "0, and above 0 and up to 1"
        )


def _halved(sgd: torch.optim.Optimizer, num_steps: int) -> Optimization:  # noqa: ARG001 - however long the run is
    """Halve the rate now and then."""
    return Optimization(sgd, LambdaLR(sgd, lambda update: 0.5 ** (update // HALVED_EVERY)))


def paper() -> Recipe:
    """Follow the experiment on KITTI, 60,000 updates, after which its features are taken; not run.

    Command: ``lessup train egomotion-video --data KITTI --size 376 --out RUN --recipe paper``.
    """
    return Recipe(config=EgomotionVideoConfig(), training=Training(steps=60_000, batch_size=128, log_every=100))


def cpu() -> Recipe:
    """Learn from a few seconds of driving in minutes of one core: a small network, narrower bins, the camera's axes.

    Command: ``lessup train egomotion-video --data KITTI --out RUN --recipe cpu``.
    """
    config = EgomotionVideoConfig(
        backbone="alexnet-small",
        layer="conv2",
        axes="camera",
        width=0.25,
        crop=0.9,
        mixing=(64, 32),
        hidden=200,
        dropout=0.2,
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=1e-2,
    )
    return Recipe(config=config, training=Training(steps=600, batch_size=32))
