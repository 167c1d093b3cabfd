"""slow-features: a network learns to put views that differ little near one another, and others far apart.

The baseline of Pulkit Agrawal, Joao Carreira, Jitendra Malik, *Learning to See by Moving*, 2015,
https://arxiv.org/abs/1505.01596, on digits: what changes slowly as one moves is taken for what matters. It sees the
pairs of ``egomotion``, but not how the second view was moved, only whether by little.

*Differs from the paper:* the facts at hand do not say what is little on digits, which layer is compared, or what share
of the pairs is near: one pixel along each axis and 3 degrees (one class of ``egomotion`` to either side), the last
layer of the backbone, and half of the pairs are ours. Pairs are made when they are needed, not once for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lessup import backbones
from lessup.backbones import flat
from lessup.errors import UsageError
from lessup.losses.pairs import contrastive_loss
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.draws import Draws
from lessup.transforms.rigid_motion import Motion, check_motions


@dataclass(frozen=True, kw_only=True)
class SlowFeaturesConfig(DescentConfig):
    """Motions, what of them is little, network and optimiser.

    Attributes:
        backbone: network that both views go through.
        layer: the last of its stages that is used, whose outputs are compared; the last of all if empty.
        channels: of the images, filled in from the data.
        shift: pixels of the backbone's image by which a view is shifted at most along each axis.
        degrees: by which it is turned at most to either side.
        near_shift: shift up to which two views are near.
        near_degrees: turn up to which they are.
        near_share: share of the pairs that is drawn among the near ones.
        margin: Euclidean distance beyond which views that are not near cost nothing.
    """

    backbone: str = "egomotion-digits"
    layer: str = ""
    channels: int = 3
    shift: int = 3
    degrees: float = 30.0
    near_shift: int = 1
    near_degrees: float = 3.0
    near_share: float = 0.5
    margin: float = 10.0
    learning_rate: float = 0.01
    weight_decay: float = 5e-4


class SlowFeatures(ImageEncoder):
    """One network for both views; its outputs are compared."""

    Config: ClassVar = SlowFeaturesConfig
    paper: ClassVar = (
        "Pulkit Agrawal, Joao Carreira, Jitendra Malik, Learning to See by Moving, 2015, "
        "https://arxiv.org/abs/1505.01596"
    )
    reads: ClassVar = ("image", "extent")
    config: SlowFeaturesConfig

    def __init__(self, config: SlowFeaturesConfig) -> None:
        super().__init__()
        _check(config)
        self.config = config
        whole = backbones.build(config.backbone, channels=config.channels)
        self.backbone = whole.until(config.layer or whole.layers[-1])
        self.backbone.to(memory_format=torch.channels_last)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 28, 28) of random pixels and their ``extent``."""
        return {"image": torch.rand(batch_size, 3, 28, 28), "extent": torch.full((batch_size, 2), 28)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Move each image, some by little, and compute the margin loss of the pairs.

        Args:
            batch: ``image`` (B, C, H, W) and ``extent`` (B, 2).
            draws: source of the motions.

        Returns:
            the player ``pairs``; the log has ``near`` and ``far``, the mean distances of both kinds of pairs, 0 where
            there are none.
        """
        first = self.prepared(batch)
        motion = self.motions(len(first), draws)
        views = torch.cat([first, motion.applied(first)]).contiguous(memory_format=torch.channels_last)
        codes = flat(self.backbone(views)).chunk(2)
        distance = torch.linalg.vector_norm(codes[0] - codes[1], dim=1)
        near = self.near(motion)
        found = distance.detach()
        log = {kind: found[own].sum() / own.sum().clamp(min=1) for kind, own in {"near": near, "far": ~near}.items()}
        return Losses({"pairs": contrastive_loss(distance, ~near, margin=self.config.margin)}, log)

    def motions(self, count: int, draws: Draws) -> Motion:
        """Draw B motions: a share among the near ones, the others among all, of which few are near."""
        config = self.config
        little = Motion.drawn(count, draws, shift=config.near_shift, degrees=config.near_degrees)
        every = Motion.drawn(count, draws, shift=config.shift, degrees=config.degrees)
        chosen = draws.uniform(count) < config.near_share
        return Motion(
            torch.where(chosen[:, None], little.shift, every.shift), torch.where(chosen, little.degrees, every.degrees)
        )

    def near(self, motion: Motion) -> Tensor:
        """Return (B,) bool, True where a motion is little."""
        return motion.within(shift=self.config.near_shift, degrees=self.config.near_degrees)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        return {"pairs": descent(self.config, self, num_steps)}


def _check(config: SlowFeaturesConfig) -> None:
    check_motions(config.shift, config.degrees)
    if not (0 <= config.near_shift <= config.shift and 0 <= config.near_degrees <= config.degrees):
        raise UsageError(
            f"motions of up to {config.near_shift} pixels and {config.near_degrees} degrees are near: wanted 0 or "
            f"more, and at most those that are drawn, {config.shift} pixels and {config.degrees} degrees"
        )
    if config.margin <= 0 or not 0 <= config.near_share <= 1:
        raise UsageError(
            f"margin {config.margin}, {config.near_share} of the pairs near: wanted above 0, and a share from 0 to 1"
        )


def paper() -> Recipe:
    """Follow the experiment on digits with the published widths; batch, rate and updates are ours, not run.

    Command: ``lessup train slow-features --data MNIST --out RUN --recipe paper``.
    """
    return Recipe(config=SlowFeaturesConfig(), training=Training(steps=40_000, batch_size=128, log_every=100))


def cpu() -> Recipe:
    """Train the network of ``egomotion``'s recipe for as many updates, about four minutes of one core.

    The margin is the best of 10, 30 and 100 on training digits that were held out.

    Command: ``lessup train slow-features --data MNIST --out RUN --recipe cpu``.
    """
    config = SlowFeaturesConfig(
        backbone="egomotion-digits-small", margin=30.0, optimizer="adamw", learning_rate=1e-3, weight_decay=1e-4
    )
    return Recipe(config=config, training=Training(steps=6_000, batch_size=128))
