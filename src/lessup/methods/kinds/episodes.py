"""Methods that learn to tell new classes from a few images of each by telling episodes of training classes."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from lessup import backbones
from lessup.backbones import flat
from lessup.errors import UsageError
from lessup.losses.episodes import episode_loss
from lessup.methods.kinds.images import FewShotLearner
from lessup.methods.kinds.method import Losses
from lessup.samples import Batch
from lessup.transforms.draws import Draws
from lessup.transforms.episodes import POSES, TURNS, episode, turned, turns
from lessup.transforms.jitter import bends, jittered, moved, movements


@dataclass(frozen=True, kw_only=True)
class EpisodeConfig:
    """What all of them can be told; the way is the batch size over shot and queries.

    Attributes:
        backbone: network whose last layer is compared.
        channels: of the images, filled in from the data.
        shot: images of each class of an episode that are known.
        queries: images of each class that are told.
        turned_classes: whether images turned by quarters are classes of their own.
        mirrored_classes: whether mirror images of these are, too.
        jitter: how far images are turned, sheared, stretched and shifted, 1 as far as Koch et al. do; 0 is not at all.
        bend: how far they are bent: the standard deviation of the places of 4 x 4 knots, as a share of the side.
        jittered_views: of an image, moved as far as Koch et al. do and bent as far as ``bend`` says, over which its
            features are averaged where it is encoded; the first is the image itself.
        learning_rate: peak, or that of the beginning.
        weight_decay: of all weights.
    """

    backbone: str = "conv4"
    channels: int = 1
    shot: int = 1
    queries: int = 5
    turned_classes: bool = True
    mirrored_classes: bool = False
    jitter: float = 0.0
    bend: float = 0.0
    jittered_views: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.0


class EpisodeLearner(FewShotLearner):
    """A backbone that maps the known and the asked images of an episode; ``told`` compares what it makes of them.

    Attributes:
        player: name of the loss.
    """

    reads: ClassVar = ("image", "extent", "label")
    player: ClassVar[str]
    config: Any

    def __init__(self, config: EpisodeConfig) -> None:
        super().__init__()
        if min(config.jitter, config.bend) < 0:
            raise UsageError(f"jitter {config.jitter}, bend {config.bend}: wanted 0 or more")
        if config.jittered_views < 1 or (config.mirrored_classes and not config.turned_classes):
            raise UsageError(
                f"jittered views {config.jittered_views}, mirrored classes {config.mirrored_classes}, turned classes "
                f"{config.turned_classes}: wanted 1 or more, and mirror images of turned classes alone"
            )
        self.config = config
        self.together = config.shot + config.queries
        self.copies = (POSES if config.mirrored_classes else TURNS) if config.turned_classes else 1
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        self.backbone.to(memory_format=torch.channels_last)
        height, width = self.backbone.size
        if config.turned_classes and height != width:
            raise UsageError(
                f"{config.backbone} wants {width}x{height} pixels, which cannot be turned: pass "
                "--no-turned-classes or a backbone for square images"
            )

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
            the player ``player``; the log has ``accuracy``, the share of the queries in percent that is told right.
        """
        image, label = self.prepared(batch), batch["label"]
        if self.training and self.config.turned_classes:
            turn = turns(label, draws, per_class=self.together, poses=self.copies)
            image, label = turned(image, turn), torch.where(label < 0, label, self.copies * label + turn)
        if self.training and (self.config.jitter or self.config.bend):
            image = jittered(image, draws, strength=self.config.jitter, bend=self.config.bend)
        code = flat(self.backbone(image.contiguous(memory_format=torch.channels_last)))
        sides = episode(label, shot=self.config.shot)
        scores = self.told(code[sides.known], sides.known_class, code[sides.asked])
        loss, accuracy = episode_loss(scores, sides.asked_class)
        return Losses({self.player: loss}, {"accuracy": accuracy})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images; see ``flat``.

        Raises:
            UsageError: there is no such layer.
        """
        name = self.chosen(layer)
        return self.encode_layers(batch, (name,))[name]

    def encode_layers(self, batch: Batch, layers: Collection[str]) -> dict[str, Tensor]:
        """Return (B, D) features of each layer, the mean over the views, which are alike for all images."""
        image = self.prepared(batch)
        found = dict.fromkeys(layers, torch.zeros(()))
        for number in range(self.config.jittered_views):
            view = self._view(image, Draws.at(0, number, device=image.device)) if number else image
            code = self.backbone.features(view.contiguous(memory_format=torch.channels_last), layers)
            found = {layer: found[layer] + flat(code[layer]) / self.config.jittered_views for layer in layers}
        return found

    def _view(self, image: Tensor, draws: Draws) -> Tensor:
        """Move (B, C, H, W) images, all in one way, and bend them as far as those of training."""
        movement = movements(1, draws).expand(len(image), -1)
        bend = bends(1, draws, self.config.bend).expand(len(image), -1, -1, -1) if self.config.bend else None
        return moved(image, movement, bend)
