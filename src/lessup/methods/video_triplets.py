"""video-triplets: two patches that a tracker joined in a video lie nearer to one another than to patches of others.

Xiaolong Wang, Abhinav Gupta, *Unsupervised Learning of Visual Representations using Videos*, 2015,
https://arxiv.org/abs/1505.00687. Network, loss and schedule follow the authors' released code where it is known.

*Differs from the paper:* points and how they are followed, see ``mining``; either patch of a pair may be the anchor.
The margin is 0.5 as in the paper; the released settings have 1. The ``cpu`` recipe sees squares cut out of small
patches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones import flat
from lessup.errors import DataError, UsageError
from lessup.losses.ranking import ranking_loss
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.splits import Folds
from lessup.transforms.crops import crop_resize, mirrored
from lessup.transforms.draws import Draws
from lessup.transforms.squares import central_squares, random_squares
from lessup.transforms.triplets import partners, triplets

EPSILON = 1e-6
"""Least norm by which a code is divided."""


@dataclass(frozen=True, kw_only=True)
class VideoTripletsConfig(DescentConfig):
    """The published hyper-parameters.

    Attributes:
        backbone: network that every patch goes through.
        layer: the last of its stages that is used; all of them if empty. Its output is the code of a patch.
        channels: of the patches, filled in from the data.
        margin: by which a negative must be farther from a pair than its two patches are from one another; a distance
            is 1 - cosine, so 0 to 1 where codes are not negative.
        negatives: K, negatives of a pair.
        hard_after: batches after which half of the negatives are drawn from the K nearest; all are random before.
        crop: side of what training sees of a patch, as a share of its own; 1 is the whole.
    """

    backbone: str = "alexnet-triplets"
    layer: str = ""
    channels: int = 3
    margin: float = 0.5
    negatives: int = 4
    hard_after: int = 150_000
    crop: float = 1.0
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4


class VideoTriplets(ImageEncoder):
    """One network for all patches of a batch; its last layer, brought to length 1, is what is ranked.

    Attributes:
        batches: () int64, batches learnt from so far.
    """

    Config: ClassVar = VideoTripletsConfig
    paper: ClassVar = (
        "Xiaolong Wang, Abhinav Gupta, Unsupervised Learning of Visual Representations using Videos, 2015, "
        "https://arxiv.org/abs/1505.00687"
    )
    reads: ClassVar = ("image", "extent", "pair")
    together = 2
    config: VideoTripletsConfig

    batches: Tensor

    def __init__(self, config: VideoTripletsConfig) -> None:
        super().__init__()
        if config.margin <= 0 or config.negatives < 1 or config.hard_after < 0 or not 0 < config.crop <= 1:
            raise UsageError(
                f"margin {config.margin}, {config.negatives} negatives, hard after {config.hard_after}, crop "
                f"{config.crop}: wanted above 0, 1 or more, 0 or more, and above 0 and up to 1"
            )
        self.config = config
        whole = backbones.build(config.backbone, channels=config.channels)
        self.backbone = whole.until(config.layer or whole.layers[-1])
        self.backbone.to(memory_format=torch.channels_last)
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    def begin(self, samples: Samples, seed: int) -> None:  # noqa: ARG002 - the weights are drawn
        """Check that the training part gives triplets.

        Raises:
            DataError: it holds fewer than two pairs.
        """
        count = len(partners(torch.from_numpy(samples.label))[0])
        if count < 2:
            raise DataError(
                f"{count} pairs of patches to learn from: wanted two or more; add videos in which things move"
            )

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64) of random pixels, ``extent`` (B, 2) and ``pair`` (B,), each two in one."""
        return {
            "image": torch.rand(batch_size, 3, 64, 64),
            "extent": torch.full((batch_size, 2), 64),
            "pair": torch.arange(batch_size) // 2,
        }

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Rank the pairs of a batch before negatives of the same batch; training mode cuts and mirrors.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``pair`` (B,).
            draws: source of the negatives and of the augmentation.

        Returns:
            the player ``ranking``; the log has ``recall``, the share of the pairs in percent of which the second patch
            is the nearest of the batch to the first, and ``violated``, the share of the K negatives that a pair may
            have that lie within the margin.
        """
        config = self.config
        code = self.codes(self._augmented(batch, draws) if self.training else self.prepared(batch))
        similarity = code @ code.T
        hardest = config.negatives // 2 if int(self.batches) >= config.hard_after else 0
        if self.training:
            self.batches += 1
        chosen = triplets(
            similarity, batch["pair"], draws, margin=config.margin, count=config.negatives, hardest=hardest
        )
        parts = (chosen.anchor, chosen.positive, chosen.negative, chosen.active)
        loss = ranking_loss(similarity, *parts, margin=config.margin)
        others = similarity.detach()[chosen.anchor].scatter(1, chosen.anchor[:, None], -torch.inf)
        right = (others.argmax(1) == chosen.positive).float()
        log = {
            "recall": 100 * right.sum() / max(len(right), 1),
            "violated": 100 * chosen.active.float().sum() / max(chosen.active.numel(), 1),
        }
        return Losses({"ranking": loss}, log)

    def codes(self, image: Tensor) -> Tensor:
        """Map (B, C, S, S) scaled patches to (B, D) codes of length 1."""
        return F.normalize(flat(self.backbone(image.contiguous(memory_format=torch.channels_last))), eps=EPSILON)

    def prepared(self, batch: Batch) -> Tensor:
        """Return the middle of each image, as large as in training, (B, C, S, S) at the size of the backbone."""
        return self._cut(batch, central_squares(torch.ones_like(batch["extent"]), self.config.crop))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        return {"ranking": descent(self.config, self, num_steps)}

    def _augmented(self, batch: Batch, draws: Draws) -> Tensor:
        unit = random_squares(torch.ones_like(batch["extent"]), self.config.crop, draws)  # within 1 x 1
        return self._cut(batch, mirrored(unit, draws))

    def _cut(self, batch: Batch, unit: Tensor) -> Tensor:
        """Return (B, C, S, S) scaled parts of images, by (B, 4) boxes within 1 x 1."""
        box = unit * batch["extent"][:, [1, 0, 1, 0]]
        return self.scaled(crop_resize(batch["image"], box, self.backbone.size))


FOLDS = Folds(whole_classes=True)
"""All pairs of one clip in four are held out."""


def paper() -> Recipe:
    """Follow the release: 50 pairs a batch, 150,000 batches of random negatives, then hard ones; not run.

    Command: ``lessup train video-triplets --data VIDEOS --size 448 --out RUN --recipe paper``.
    """
    training = Training(steps=400_000, batch_size=100, log_every=100, checkpoint_every=5_000)
    return Recipe(config=VideoTripletsConfig(), training=training, folds=FOLDS)


def cpu() -> Recipe:
    """Learn from a few hundred pairs in a minute on one core: 64 pixels, a small network, hard negatives half-way.

    Command: ``lessup train video-triplets --data VIDEOS --out RUN --recipe cpu``.
    """
    config = VideoTripletsConfig(
        backbone="alexnet-small",
        hard_after=25,
        crop=0.8,
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=1e-2,
    )
    return Recipe(config=config, training=Training(steps=50, batch_size=100, log_every=5), folds=FOLDS)
