"""Classifiers that learn from images without a label beside those that have one."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from lessup import backbones
from lessup.errors import DataError
from lessup.methods.kinds.classifier import Classifier
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.transforms.crops import resize_whole


@dataclass(frozen=True, kw_only=True)
class SemiSupervisedConfig:
    """What all of them can be told.

    Attributes:
        backbone: network before the classifier.
        channels: of the images, filled in from the data.
        num_classes: K, filled in from the data.
        target: filled in from the data; only ``label`` is learnt.
        weights: file, run folder or ``imagenet``, from which the backbone's weights are loaded; empty for none.
        unlabelled: images of any kind in a batch for each labelled one; a batch is so many and one times as large.
        mirror: share of the images that is turned left to right; 0 for digits and other signs.
        shift: largest shift of an image, as a share of its side.
    """

    backbone: str = "wide-resnet-28-2"
    channels: int = 3
    num_classes: int = 10
    target: Literal["label", "tags"] = "label"
    weights: str = ""
    unlabelled: int = 7
    mirror: float = 0.5
    shift: float = 0.125


class SemiSupervisedClassifier(Classifier):
    """A backbone and a linear classifier; the first of every batch are learnt with their labels, the others without."""

    semi_supervised: ClassVar = True
    config: Any

    def __init__(self, config: SemiSupervisedConfig) -> None:
        super().__init__()
        self.config = config
        self.unlabelled_ratio = config.unlabelled
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        self.backbone.to(memory_format=torch.channels_last)
        self.classifier = nn.Linear(self.backbone.width, config.num_classes)
        nn.init.xavier_normal_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    @classmethod
    def configured(cls, config: Any, samples: Samples) -> Any:
        """Return ``config`` with channels and classes of the data.

        Raises:
            DataError: images have tags, no image has a label, or there are fewer than two classes.
        """
        if isinstance(samples, Images) and samples.tags is not None:
            raise DataError("wanted one label an image, found tags: see `lessup train supervised`")
        return super().configured(config, samples)

    def whole(self, batch: Batch) -> Tensor:
        """Return (B, C, S, S) whole images in [0, 1] at the size of the backbone."""
        return resize_whole(batch["image"], batch["extent"], self.backbone.size)

    def num_known(self, batch: Batch) -> int:
        """Return how many of a training batch are learnt with their labels."""
        return max(len(batch["label"]) // (1 + int(self.config.unlabelled)), 1)
