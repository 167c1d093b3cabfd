"""matching-networks: an image has the class of the few known ones that it is most like, by the cosine of their codes.

Oriol Vinyals, Charles Blundell, Timothy Lillicrap, Koray Kavukcuoglu, Daan Wierstra, *Matching Networks for One Shot
Learning*, 2016, https://arxiv.org/abs/1606.04080.

*Differs from the paper:* codes do not see the other images of the episode (no full context embeddings, which the paper
finds to add little on Omniglot); no fine-tuning on what is known of an episode; the optimiser is not published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from lessup import backbones
from lessup.backbones import flat
from lessup.errors import UsageError
from lessup.losses.episodes import attention_scores, episode_loss
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
class MatchingNetworksConfig:
    """The published hyper-parameters, as far as they are known; the way is the batch size over shot and queries.

    Attributes:
        backbone: network whose last layer is compared.
        channels: of the images, filled in from the data.
        shot: images of each class of an episode that are known.
        queries: images of each class that are told.
        scale: what cosines are multiplied by before the softmax over all known images; the paper's is 1.
        turned_classes: whether images turned by quarters are classes of their own.
        jitter: how far images are turned, sheared, stretched and shifted, 1 as far as Koch et al. do; 0 is not at all.
        learning_rate: peak; it rises over the first twentieth of the run and falls along a cosine.
        weight_decay: of all weights.
    """

    backbone: str = "conv4"
    channels: int = 1
    shot: int = 1
    queries: int = 5
    scale: float = 1.0
    turned_classes: bool = True
    jitter: float = 0.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.0


class MatchingNetworks(FewShotLearner):
    """A backbone, the same for known and asked images; what it makes of them is compared by its cosine."""

    Config: ClassVar = MatchingNetworksConfig
    paper: ClassVar = (
        "Oriol Vinyals, Charles Blundell, Timothy Lillicrap, Koray Kavukcuoglu, Daan Wierstra, Matching Networks for "
        "One Shot Learning, 2016, https://arxiv.org/abs/1606.04080"
    )
    reads: ClassVar = ("image", "extent", "label")
    config: MatchingNetworksConfig

    def __init__(self, config: MatchingNetworksConfig) -> None:
        super().__init__()
        if min(config.shot, config.queries) < 1 or config.scale <= 0 or config.jitter < 0:
            raise UsageError(
                f"shot {config.shot}, queries {config.queries}, scale {config.scale}, jitter {config.jitter}: wanted 1 "
                "or more of the first two, above 0, and 0 or more"
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
    def configured(cls, config: MatchingNetworksConfig, samples: Samples) -> MatchingNetworksConfig:
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
            the player ``attention``; the log has ``accuracy``, the share of the queries in percent that is told right.
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
        return Losses({"attention": loss}, {"accuracy": accuracy})

    def told(self, known: Tensor, label: Tensor, asked: Tensor) -> Tensor:
        """Return (Q, K) logarithms of the attention that (Q, D) features pay to the (S, D) known ones of each class."""
        return attention_scores(known, label, asked, scale=self.config.scale)

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images; see ``flat``.

        Raises:
            UsageError: there is no such layer.
        """
        return super().encode(batch, self.chosen(layer))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return AdamW whose rate rises and falls along a cosine."""
        return {"attention": adamw_with_cosine(self, self.config.learning_rate, self.config.weight_decay, num_steps)}


FOLDS = Folds(whole_classes=True)
"""A quarter of the classes, and of alphabets where there are such, is held out whole."""


def paper() -> Recipe:
    """Train on episodes of 20 classes; the number of queries and of updates is not published; not run.

    Command: ``lessup train matching-networks --data DATA --out RUN --recipe paper``.
    """
    training = Training(steps=40_000, batch_size=120, log_every=100, checkpoint_every=2_000)
    return Recipe(config=MatchingNetworksConfig(), training=training, folds=FOLDS)


def cpu() -> Recipe:
    """Learn from episodes of 20 classes, jittered, with sharper attention, for half an hour on one idle core.

    Command: ``lessup train matching-networks --data DATA --out RUN --recipe cpu``.
    """
    config = MatchingNetworksConfig(jitter=1.0, scale=20.0)
    return Recipe(config=config, training=Training(steps=10_000, batch_size=120, log_every=100), folds=FOLDS)
