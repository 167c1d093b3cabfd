"""What methods that score classes of images share."""

from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lessup.backbones import dense, flat, weights
from lessup.losses.classification import label_loss, tag_loss
from lessup.methods.kinds.images import ImageEncoder
from lessup.methods.kinds.method import Losses
from lessup.samples import Batch, Samples
from lessup.samples.images import Images


class Classifier(ImageEncoder):
    """A method that scores classes of images; its config says ``target`` and ``weights``.

    Attributes:
        classifier: the linear layer that gives the scores.
    """

    classifier: nn.Linear
    reads: ClassVar = ("image", "extent", "label")

    @classmethod
    def configured(cls, config: Any, samples: Samples) -> Any:
        """Return ``config`` with channels, classes and target of the data.

        Raises:
            DataError: no image has a label, there are fewer than two classes, or the weights are not there.
        """
        if config.weights:
            weights.find(config.weights)
        if not isinstance(samples, Images):
            return config
        return replace(config, channels=samples.channels, num_classes=len(samples.classes), target=samples.target)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, its default first, and ``logits``."""
        return (*super().layers, "logits")

    def begin(self, samples: Samples, seed: int) -> None:  # noqa: ARG002 - others begin from samples
        """Load the backbone's weights, if the config names where they are, and say what matched.

        Raises:
            DataError: the file cannot be used.
        """
        weights.begin_from(self.config.weights, self.backbone)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64) of random pixels, ``extent`` and ``label`` of two classes."""
        label = torch.arange(batch_size) % 2
        image = torch.rand(batch_size, 3, 64, 64) * (0.4 + 0.6 * label.view(-1, 1, 1, 1))
        return {"image": image, "extent": torch.full((batch_size, 2), 64), "label": label}

    def logits(self, x: Tensor, *, after: str | None = None) -> Tensor:
        """Return (B, K) scores before any softmax or sigmoid; differentiable in the image, and nothing is dropped.

        Args:
            x: (B, C, H, W) as ``prepared`` gives it, of any size that the backbone takes; with ``after`` the output of
                that layer of the backbone.
            after: layer from which to go on.
        """
        logits: Tensor = self.classifier(flat(self.backbone(x, after=after)))
        return logits

    @property
    def ending(self) -> dense.PooledEnding | None:
        """The map that the backbone's last stage pools, and the classifier behind it; None where it ends otherwise."""
        pooled = dense.pooled_map(self.backbone)
        return dense.PooledEnding(pooled, self.classifier.weight, self.classifier.bias) if pooled else None

    def losses(self, logits: Tensor, batch: Batch, *, smoothing: float = 0.0) -> Losses:
        """Return the loss of the labels, or the tags, that are known, and the share of them that is told rightly.

        Args:
            logits: (B, K).
            batch: ``label`` (B,) or ``tags`` (B, K), as the config's ``target`` says.
            smoothing: share of a label that is spread over all classes.
        """
        if self.config.target == "tags":
            loss, accuracy = tag_loss(logits, batch["tags"])
        else:
            loss, accuracy = label_loss(logits, batch["label"], smoothing=smoothing)
        return Losses({"classification": loss}, {"accuracy": accuracy})

    def classify(self, batch: Batch) -> Tensor:
        """Return (B, K) scores of whole images."""
        return self.logits(self.prepared(batch))

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images, or (B, K) ``logits``.

        Raises:
            UsageError: there is no such layer.
        """
        return self.classify(batch) if self.chosen(layer) == "logits" else super().encode(batch, layer)
