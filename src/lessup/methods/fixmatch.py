"""fixmatch: a network learns from a few labels, and from what it says surely of images without one.

Kihyuk Sohn, David Berthelot, Chun-Liang Li, Zizhao Zhang, Nicholas Carlini, Ekin D. Cubuk, Alex Kurakin, Han Zhang,
Colin Raffel, *FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence*, 2020,
https://arxiv.org/abs/2001.07685.

*Differs from the paper:* strong changes are those of its RandAugment variant alone, linear between pixels; weakly
changed images go through the network by themselves and without a gradient, where the released code normalises them in
one batch with the others; running statistics are theirs alone. The running average of the weights is that of the
training, ``--ema-decay``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lessup.backbones.batch_statistics import statistics_kept
from lessup.errors import UsageError
from lessup.losses.consistency import pseudo_label_loss
from lessup.methods import Losses, Recipe, SemiSupervisedClassifier, SemiSupervisedConfig
from lessup.optimization import Optimization, decaying_apart, sgd_with_most_of_a_cosine
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.draws import Draws
from lessup.transforms.rand_augment import cut_out, rand_augment
from lessup.transforms.shifts import shifted


@dataclass(frozen=True, kw_only=True)
class FixMatchConfig(SemiSupervisedConfig):
    """The published hyper-parameters.

    Attributes:
        unlabelled_weight: of their loss.
        threshold: share of its likeliest class from which an image counts.
        operations: of RandAugment, one after the other.
        cutout: side of the square that is cut out, as a share of the image's, at most.
        learning_rate: at the beginning.
        momentum: of Nesterov.
        weight_decay: of weights, not of biases and normalisations.
    """

    unlabelled_weight: float = 1.0
    threshold: float = 0.95
    operations: int = 2
    cutout: float = 0.5
    learning_rate: float = 0.03
    momentum: float = 0.9
    weight_decay: float = 5e-4


class FixMatch(SemiSupervisedClassifier):
    """A backbone and a linear classifier."""

    Config: ClassVar = FixMatchConfig
    paper: ClassVar = (
        "Kihyuk Sohn, David Berthelot, Chun-Liang Li, Zizhao Zhang, Nicholas Carlini, Ekin D. Cubuk, Alex Kurakin, Han "
        "Zhang, Colin Raffel, FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence, 2020, "
        "https://arxiv.org/abs/2001.07685"
    )
    config: FixMatchConfig

    def __init__(self, config: FixMatchConfig) -> None:
        _check(config)
        super().__init__(config)

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the loss of the labels, and in training mode that of the images behind them.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``label`` (B,); in training mode the first
                B / (1 + ``unlabelled``) are learnt with their labels, the others, whose labels are not looked at,
                without.
            draws: source of all changes.

        Returns:
            the player ``classification``; the log has ``accuracy`` of the labels in percent, and in training mode
            ``loss_unlabelled`` and ``sure``, the share of images that counted, in percent.
        """
        if not self.training:
            return self.losses(self.classify(batch), batch)
        weak = shifted(self.whole(batch), draws, shift=self.config.shift, mirror=self.config.mirror)
        known = self.num_known(batch)
        strong = self.strongly_changed(weak[known:], draws)
        with torch.no_grad():
            told = self.logits(self._laid_out(weak[known:]))
        with statistics_kept(self):  # those of images that are hardly changed are what is asked later
            logits = self.logits(self._laid_out(torch.cat([weak[:known], strong])))
        of_labels = self.losses(logits[:known], {"label": batch["label"][:known]})
        unlabelled, sure = pseudo_label_loss(told, logits[known:], threshold=self.config.threshold)
        loss = of_labels.players["classification"] + self.config.unlabelled_weight * unlabelled
        log = {"loss_unlabelled": unlabelled.detach(), "sure": 100 * sure.float().mean()}
        return Losses({"classification": loss}, {**of_labels.log, **log})

    def strongly_changed(self, image: Tensor, draws: Draws) -> Tensor:
        """Return (B, C, S, S) images in [0, 1] after RandAugment, with a square cut out."""
        changed = rand_augment(image, draws, operations=self.config.operations)
        return cut_out(changed, draws, largest=self.config.cutout)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD with Nesterov's momentum, whose rate falls along seven sixteenths of a cosine."""
        config = self.config
        groups = decaying_apart(self, config.weight_decay)
        return {"classification": sgd_with_most_of_a_cosine(groups, config.learning_rate, config.momentum, num_steps)}

    def _laid_out(self, image: Tensor) -> Tensor:
        """Return images in [0, 1] as the network wants them, in the memory order that is fastest on a CPU."""
        return self.scaled(image).contiguous(memory_format=torch.channels_last)


def _check(config: FixMatchConfig) -> None:
    shares = (config.threshold, config.mirror, config.shift, config.cutout)
    if config.unlabelled < 1 or config.operations < 0 or not all(0 <= share <= 1 for share in shares):
        raise UsageError(
            f"unlabelled {config.unlabelled}, operations {config.operations}, threshold {config.threshold}, mirror "
            f"{config.mirror}, shift {config.shift}, cutout {config.cutout}: wanted 1 or more, 0 or more, and shares "
            "from 0 to 1"
        )


def paper() -> Recipe:
    """Train on CIFAR-10 for 2^20 updates of 64 labelled and 448 other images; not run.

    Command: ``lessup train fixmatch --data CIFAR10 --out RUN --recipe paper --shots 4``.
    """
    training = Training(steps=2**20, batch_size=512, ema_decay=0.999, log_every=100, checkpoint_every=5_000)
    return Recipe(config=FixMatchConfig(), training=training)


def cpu() -> Recipe:
    """Train a small network on digits, which are not mirrored, for 12 minutes of one core.

    With another draw of ten labels a class, half of the batch and five times as fast an average did better on the
    hidden labels of the training part after 2,000 updates than the paper's average and twice the batch after 2,500.

    Command: ``lessup train fixmatch --data MNIST --out RUN --recipe cpu --shots 10``.
    """
    config = FixMatchConfig(backbone="convnet-small", mirror=0.0)
    return Recipe(config=config, training=Training(steps=12_000, batch_size=64, ema_decay=0.995))
