"""A fully convolutional network on a trained backbone: a class for every pixel.

Source: Long, Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation*, 2015, as FCN-32s.

Differs from the paper: the classifier stands on the deepest map of a stride of at most 20 pixels, not on fc7; images
are resized, and cut in training, to one square, so that batches and small images work; batch normalisation goes by the
averages that the network has, see ``backbones.folding``; AdamW with a cosine in place of SGD on one image; the loss is
the mean over counted pixels.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.backbones import dense
from lessup.backbones.folding import folded
from lessup.methods import ImageEncoder, Losses, Method
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.samples import Batch
from lessup.transforms.crops import crop_resize, mirrored, random_boxes, resize_whole
from lessup.transforms.draws import Draws
from lessup.transforms.label_maps import crop_labels

LEAST_AREA = 0.4
"""Smallest share of an image that a training crop shows."""


@dataclass(frozen=True, kw_only=True)
class FCNConfig:
    """How the network is built and trained.

    Attributes:
        num_classes: K, the background not counted.
        side: pixels on each side of the images it works on; 0 takes twice that of the backbone.
        learning_rate: peak of the cosine.
        weight_decay: of AdamW.
    """

    num_classes: int
    side: int = 0
    learning_rate: float = 1e-3
    weight_decay: float = 0.01


class FCN(Method):
    """A copy of a trained network with a score for every class at every place of its last map."""

    Config: ClassVar = FCNConfig
    paper: ClassVar = (
        "Long, Shelhamer, Darrell, Fully Convolutional Networks for Semantic Segmentation, 2015, "
        "https://arxiv.org/abs/1411.4038"
    )
    reads: ClassVar = ("image", "extent", "mask")
    layers: ClassVar = ("scores",)

    def __init__(self, trained: ImageEncoder, config: FCNConfig) -> None:
        """Copy a network.

        Args:
            trained: the network; stays as it is.
            config: the classifier and its training.

        Raises:
            UsageError: the network has no map that is fine enough.
        """
        super().__init__()
        self.config = config
        self.body = copy.deepcopy(trained)
        self.body.backbone = folded(trained.backbone)
        self.body.requires_grad_(True)
        self.layer = dense.last_map(trained.backbone)
        self.side = config.side or 2 * trained.backbone.side
        self.score = nn.Conv2d(trained.backbone.shapes[self.layer][0], config.num_classes + 1, 1)
        nn.init.zeros_(self.score.weight)
        assert self.score.bias is not None
        nn.init.zeros_(self.score.bias)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64), ``extent`` and ``mask`` of one class in the left half."""
        mask = torch.zeros(batch_size, 64, 64, dtype=torch.int64)
        mask[:, :, :32] = 1
        image = torch.rand(batch_size, 3, 64, 64) * (0.5 + 0.5 * mask[:, None])
        return {"image": image, "extent": torch.full((batch_size, 2), 64), "mask": mask}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of the counted pixels of random crops."""
        box = mirrored(random_boxes(batch["extent"], draws, area=(LEAST_AREA, 1.0)), draws)
        size = (self.side, self.side)
        target = crop_labels(batch["mask"], box, size)
        logits = self._logits(crop_resize(batch["image"], box, size))
        counted = (target >= 0).sum().clamp(min=1)
        loss = F.cross_entropy(logits, target, ignore_index=-1, reduction="sum") / counted
        right = (logits.detach().argmax(1) == target).sum() / counted
        return Losses({"segmentation": loss}, {"pixel_accuracy": 100 * right})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, (K + 1) * S * S) scores of whole images; see ``segment`` for classes.

        Raises:
            UsageError: there is no such layer.
        """
        self.chosen(layer)
        return self._whole(batch).flatten(1)

    def segment(self, batch: Batch) -> Tensor:
        """Return (B, H, W) int64 classes of every pixel, 0 for the background and -1 beyond an image's extent."""
        scores = self._whole(batch)
        found = torch.full((len(scores), *batch["image"].shape[-2:]), -1, device=scores.device)
        for row, (height, width) in enumerate(batch["extent"].tolist()):
            own = F.interpolate(scores[row : row + 1], size=(height, width), mode="bilinear", align_corners=False)
            found[row, :height, :width] = own[0].argmax(0)
        return found

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return AdamW whose rate rises over a twentieth of the run and falls along a cosine."""
        config = self.config
        return {"segmentation": adamw_with_cosine(self, config.learning_rate, config.weight_decay, num_steps)}

    def _whole(self, batch: Batch) -> Tensor:
        return self._logits(resize_whole(batch["image"], batch["extent"], (self.side, self.side)))

    def _logits(self, image: Tensor) -> Tensor:
        """Map (B, C, S, S) images in [0, 1] to (B, K + 1, S, S)."""
        features = self.body.backbone.features(self.body.scaled(image), (self.layer,))[self.layer]
        return F.interpolate(self.score(features), size=image.shape[-2:], mode="bilinear", align_corners=False)
