"""prototypical-networks: a network is trained so that the mean of a few images of a class is nearest to its others.

Jake Snell, Kevin Swersky, Richard Zemel, *Prototypical Networks for Few-shot Learning*, 2017,
https://arxiv.org/abs/1703.05175. Network, loss and schedule are those of the authors' released code for Omniglot.

*Differs from the paper:* training does not stop early by validation; images can be jittered, which the recipe ``cpu``
does and the paper does not; convolutions have no bias, which the batch normalisation behind them would take away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from lessup import backbones
from lessup.backbones import flat
from lessup.errors import UsageError
from lessup.losses.episodes import episode_loss, prototype_scores
from lessup.methods import FewShotLearner, Losses, Recipe
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.samples.splits import Folds
from lessup.transforms.affine_jitter import affine_jitter
from lessup.transforms.draws import Draws
from lessup.transforms.episodes import TURNS, episode, turned, turns


@dataclass(frozen=True, kw_only=True)
class PrototypicalNetworksConfig:
    """The published hyper-parameters for Omniglot; the way is the batch size over shot and queries.

    Attributes:
        backbone: network whose last layer is compared.
        channels: of the images, filled in from the data.
        shot: images of each class of an episode that make its prototype.
        queries: images of each class that are told.
        turned_classes: whether images turned by quarters are classes of their own.
        jitter: how far images are turned, sheared, stretched and shifted, 1 as far as Koch et al. do; 0 is not at all.
        optimizer: ``adam`` at a rate that is halved, or ``adamw``, whose rate rises at first and falls along a cosine.
        learning_rate: its peak.
        halve_every: updates after which the rate of ``adam`` is halved.
        weight_decay: of all weights.
    """

    backbone: str = "conv4"
    channels: int = 1
    shot: int = 1
    queries: int = 5
    turned_classes: bool = True
    jitter: float = 0.0
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 1e-3
    halve_every: int = 2000
    weight_decay: float = 0.0


class PrototypicalNetworks(FewShotLearner):
    """A backbone; what it makes of images of one class lies around their mean."""

    Config: ClassVar = PrototypicalNetworksConfig
    paper: ClassVar = (
        "Jake Snell, Kevin Swersky, Richard Zemel, Prototypical Networks for Few-shot Learning, 2017, "
        "https://arxiv.org/abs/1703.05175"
    )
    reads: ClassVar = ("image", "extent", "label")
    config: PrototypicalNetworksConfig

    def __init__(self, config: PrototypicalNetworksConfig) -> None:
        super().__init__()
        if min(config.shot, config.queries, config.halve_every) < 1 or config.jitter < 0:
            raise UsageError(
                f"shot {config.shot}, queries {config.queries}, halve every {config.halve_every}, jitter "
                f"{config.jitter}: wanted 1 or more of the first three, and 0 or more"
            )
        self.config = config
        self.together = config.shot + config.queries
        self.copies = TURNS if config.turned_classes else 1
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        self.backbone.to(memory_format=torch.channels_last)
        height, width = self.backbone.size
        if config.turned_classes and height != width:
            raise UsageError(
                f"{config.backbone} wants {width}x{height} pixels, which cannot be turned: pass "
                "--no-turned-classes or a backbone for square images"
            )

    @classmethod
    def configured(cls, config: PrototypicalNetworksConfig, samples: Samples) -> PrototypicalNetworksConfig:
        """Return ``config`` with the channels of the data."""
        return replace(config, channels=samples.channels) if isinstance(samples, Images) else config

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, the last first."""
        return tuple(reversed(self.backbone.layers))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 1, 28, 28) of random pixels, ``extent`` and ``label`` (B,), two of each class."""
        return {
            "image": torch.rand(batch_size, 1, 28, 28),
            "extent": torch.full((batch_size, 2), 28),
            "label": torch.arange(batch_size) // 2,
        }

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Tell the queries of one episode; in training mode its images are jittered, and turned classes made.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``label`` (B,); the first ``shot`` of each are known.
            draws: source of the turns and the jitter.

        Returns:
            the player ``prototypes``; the log has ``accuracy``, the share of the queries in percent that is told right.
        """
        image, label = self.prepared(batch), batch["label"]
        if self.training and self.config.turned_classes:
            turn = turns(label, draws, per_class=self.together)
            image, label = turned(image, turn), torch.where(label < 0, label, TURNS * label + turn)
        if self.training and self.config.jitter:
            image = affine_jitter(image, draws, strength=self.config.jitter)
        code = flat(self.backbone(image.contiguous(memory_format=torch.channels_last)))
        sides = episode(label, shot=self.config.shot)
        scores = self.told(code[sides.known], sides.known_class, code[sides.asked])
        loss, accuracy = episode_loss(scores, sides.asked_class)
        return Losses({"prototypes": loss}, {"accuracy": accuracy})

    def told(self, known: Tensor, label: Tensor, asked: Tensor) -> Tensor:
        """Return (Q, K) minus the squared distances of (Q, D) features to the means of the (S, D) known ones."""
        return prototype_scores(known, label, asked)

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images; see ``flat``.

        Raises:
            UsageError: there is no such layer.
        """
        return super().encode(batch, self.chosen(layer))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return Adam at a rate that is halved again and again, or AdamW whose rate rises and falls along a cosine."""
        config = self.config
        if config.optimizer == "adamw":
            return {"prototypes": adamw_with_cosine(self, config.learning_rate, config.weight_decay, num_steps)}
        adam = torch.optim.Adam(self.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        halved = LambdaLR(adam, lambda update: 0.5 ** (update // config.halve_every))
        return {"prototypes": Optimization(adam, halved)}


FOLDS = Folds(whole_classes=True)
"""A quarter of the classes, and of alphabets where there are such, is held out whole."""


def paper() -> Recipe:
    """Train on episodes of 60 classes with one shot and five queries, for 100 episodes an epoch; not run.

    Command: ``lessup train prototypical-networks --data DATA --out RUN --recipe paper``.
    """
    training = Training(steps=40_000, batch_size=360, log_every=100, checkpoint_every=2_000)
    return Recipe(config=PrototypicalNetworksConfig(), training=training, folds=FOLDS)


def cpu() -> Recipe:
    """Learn from episodes of 20 classes, jittered, for half an hour on one core that nothing else uses.

    Command: ``lessup train prototypical-networks --data DATA --out RUN --recipe cpu``.
    """
    config = PrototypicalNetworksConfig(jitter=1.0, optimizer="adamw")
    return Recipe(config=config, training=Training(steps=10_000, batch_size=120, log_every=100), folds=FOLDS)
