"""egomotion: a network sees two views of one scene and learns how the camera moved between them.

Pulkit Agrawal, Joao Carreira, Jitendra Malik, *Learning to See by Moving*, 2015, https://arxiv.org/abs/1505.01596. Here
the experiment on digits: the second view of an image is the image itself, shifted and turned by amounts that are drawn.

*Differs from the paper:* both views of a pair are made when it is needed, not once for all. The facts at hand say
neither the sizes of filters nor batch and rate; ``backbones/egomotion_digits.py`` and the recipes say what is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones import flat
from lessup.errors import UsageError
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.rigid_motion import Motion, check_motions


@dataclass(frozen=True, kw_only=True)
class EgomotionConfig(DescentConfig):
    """Motions, network and optimiser.

    Attributes:
        backbone: network that both views go through.
        layer: the last of its stages that is used; all of them if empty.
        channels: of the images, filled in from the data.
        shift: pixels of the backbone's image by which a view is shifted at most along each axis, each number of whole
            pixels a class.
        degrees: by which it is turned at most to either side.
        turns: classes into which these are divided, all as wide.
        hidden: units of the layer that sees both views.
        dropout: share of its outputs that is dropped.
    """

    backbone: str = "egomotion-digits"
    layer: str = ""
    channels: int = 3
    shift: int = 3
    degrees: float = 30.0
    turns: int = 20
    hidden: int = 1000
    dropout: float = 0.5
    learning_rate: float = 0.01
    weight_decay: float = 5e-4


class Egomotion(ImageEncoder):
    """One network for both views, and a layer that sees both, from which three classes are told."""

    Config: ClassVar = EgomotionConfig
    paper: ClassVar = (
        "Pulkit Agrawal, Joao Carreira, Jitendra Malik, Learning to See by Moving, 2015, "
        "https://arxiv.org/abs/1505.01596"
    )
    reads: ClassVar = ("image", "extent")
    config: EgomotionConfig

    def __init__(self, config: EgomotionConfig) -> None:
        super().__init__()
        check_motions(config.shift, config.degrees)
        if config.turns < 1:
            raise UsageError(f"{config.turns} classes of turns: wanted 1 or more")
        self.config = config
        whole = backbones.build(config.backbone, channels=config.channels)
        self.backbone = whole.until(config.layer or whole.layers[-1])
        self.backbone.to(memory_format=torch.channels_last)
        width = self.backbone.width
        self.both = nn.Linear(2 * width, config.hidden)
        self.sizes = (2 * config.shift + 1,) * 2 + (config.turns,)
        self.answer = nn.Linear(config.hidden, sum(self.sizes))
        for layer in (self.both, self.answer):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 28, 28) of random pixels and their ``extent``."""
        return {"image": torch.rand(batch_size, 3, 28, 28), "extent": torch.full((batch_size, 2), 28)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Move each image and compute the cross-entropies of the three classes of its motion, summed.

        Args:
            batch: ``image`` (B, C, H, W) and ``extent`` (B, 2).
            draws: source of the motions and of dropout, which is off in ``eval`` mode.

        Returns:
            the player ``motion``; the log has the share of right answers in percent: ``right``, ``down`` and ``turn``.
        """
        config = self.config
        first = self.prepared(batch)
        motion = Motion.drawn(len(first), draws, shift=config.shift, degrees=config.degrees)
        logits = self.told(first, motion.applied(first), draws if self.training else None)
        told = dict(zip(("right", "down", "turn"), zip(logits, self.bins(motion).T, strict=True), strict=True))
        loss = torch.stack([F.cross_entropy(scores, bins) for scores, bins in told.values()]).sum()
        right = {name: 100 * (scores.argmax(1) == bins).float().mean() for name, (scores, bins) in told.items()}
        return Losses({"motion": loss}, right)

    def bins(self, motion: Motion) -> Tensor:
        """Return (B, 3) int64 classes: of the shift to the right, of the shift down, of the turn."""
        config = self.config
        turned = (motion.degrees / config.degrees + 1) / 2 if config.degrees else motion.degrees
        turn = (turned * config.turns).long().clamp(max=config.turns - 1)
        return torch.cat([motion.shift + config.shift, turn[:, None]], 1)

    def told(self, first: Tensor, second: Tensor, draws: Draws | None = None) -> tuple[Tensor, ...]:
        """Return (B, n) scores of the shifts to the right, (B, n) of those down and (B, m) of the turns.

        Args:
            first: (B, C, S, S) prepared.
            second: the same scene later.
            draws: turns dropout on.
        """
        views = torch.cat([first, second]).contiguous(memory_format=torch.channels_last)
        codes = flat(self.backbone(views)).chunk(2)
        hidden = self.both(torch.cat(codes, 1)).relu()
        if draws is not None and self.config.dropout:
            hidden = dropout(hidden, self.config.dropout, draws)
        return self.answer(hidden).split(self.sizes, 1)  # type: ignore[no-any-return]

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        return {"motion": descent(self.config, self, num_steps)}


def paper() -> Recipe:
    """Follow the experiment on digits with the published widths; batch, rate and updates are ours, not run.

    Command: ``lessup train egomotion --data MNIST --out RUN --recipe paper``.
    """
    return Recipe(config=EgomotionConfig(), training=Training(steps=40_000, batch_size=128, log_every=100))


def cpu() -> Recipe:
    """Train a third of the filters, on a quarter of the places, on MNIST in about five minutes of one core.

    Command: ``lessup train egomotion --data MNIST --out RUN --recipe cpu``.
    """
    config = EgomotionConfig(
        backbone="egomotion-digits-small",
        hidden=500,
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=1e-4,
    )
    return Recipe(config=config, training=Training(steps=6_000, batch_size=128))
