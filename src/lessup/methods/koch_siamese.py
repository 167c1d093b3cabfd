"""koch-siamese: a network is trained to tell whether two images are of one class; the likeliest pair gives the class.

Gregory Koch, Richard Zemel, Ruslan Salakhutdinov, *Siamese Neural Networks for One-shot Image Recognition*, 2015,
https://www.cs.cmu.edu/~rsalakhu/papers/oneshot1.pdf.

*Differs from the paper:* each image of a batch is mapped once and stands in several pairs; images are distorted anew in
every step, not eight times beforehand; rate, momentum and decay, found layer by layer by a search there, are one for
all layers and ours; training does not stop early. The recipes ``gpu`` and ``cpu`` have other first weights and
AdamW, ``cpu`` a quarter of the maps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lessup import backbones
from lessup.backbones import flat
from lessup.backbones.koch import published
from lessup.errors import DataError, UsageError
from lessup.methods import FewShotLearner, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.splits import Folds
from lessup.transforms.draws import Draws
from lessup.transforms.jitter import jittered
from lessup.transforms.pairs import balanced_pairs


@dataclass(frozen=True, kw_only=True)
class KochSiameseConfig(DescentConfig):
    """The published hyper-parameters, as far as they are known.

    Attributes:
        backbone: network whose last layer is compared.
        channels: of the images, filled in from the data.
        jitter: how far images are turned, sheared, stretched and shifted, as a share of what the paper has; 0 is not at
            all.
        initialisation: ``published``, or ``kaiming`` for convolutions and 1 / sqrt(inputs) behind them.
        optimizer: ``sgd`` as the paper has it, or ``adamw``, whose rate rises at first and falls along a cosine.
        learning_rate: at first, or its peak.
        epochs: into how many parts the run is cut; after each, the rate of ``sgd`` is a hundredth smaller.
        first_momentum: of SGD; it rises evenly over the epochs.
        momentum: of SGD, at the end.
        weight_decay: of all weights; half of it is the lambda of the paper's penalty.
    """

    backbone: str = "koch"
    channels: int = 1
    jitter: float = 1.0
    initialisation: Literal["published", "kaiming"] = "published"
    learning_rate: float = 1e-2
    epochs: int = 200
    first_momentum: float = 0.5
    weight_decay: float = 2e-4


class KochSiamese(FewShotLearner):
    """One backbone for both images of a pair, and a layer that weighs how much each of its outputs differs.

    Attributes:
        weight: the layer from |a - b| to the log-odds that a pair is of one class.
    """

    Config: ClassVar = KochSiameseConfig
    paper: ClassVar = (
        "Gregory Koch, Richard Zemel, Ruslan Salakhutdinov, Siamese Neural Networks for One-shot Image Recognition, "
        "2015, https://www.cs.cmu.edu/~rsalakhu/papers/oneshot1.pdf"
    )
    reads: ClassVar = ("image", "extent", "label")
    together = 2
    config: KochSiameseConfig

    def __init__(self, config: KochSiameseConfig) -> None:
        super().__init__()
        if config.jitter < 0 or config.epochs < 1 or not 0 <= config.first_momentum <= config.momentum < 1:
            raise UsageError(
                f"jitter {config.jitter}, {config.epochs} epochs, momentum {config.first_momentum} to "
                f"{config.momentum}: wanted 0 or more, 1 or more, and a momentum from 0 to below 1 that does not fall"
            )
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        self.backbone.to(memory_format=torch.channels_last)
        width = flat(torch.zeros(1, *self.backbone.shapes[self.backbone.layers[-1]])).shape[1]
        self.weight = published(nn.Linear(width, 1), std=0.2)
        if config.initialisation == "kaiming":
            self.apply(_kaiming)

    def begin(self, samples: Samples, seed: int) -> None:  # noqa: ARG002 - the weights are drawn
        """Check that the training part gives pairs.

        Raises:
            DataError: it does not.
        """
        counts = torch.bincount(torch.from_numpy(samples.label[samples.label >= 0]))
        if (counts > 0).sum() < 2 or (counts > 1).sum() < 1:
            raise DataError(
                f"koch-siamese learns from pairs of one class and of two: {int((counts > 0).sum())} classes have "
                f"images, {int((counts > 1).sum())} of them two or more; wanted two classes, one of them with two"
            )

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 1, 105, 105) of random pixels, ``extent`` and ``label`` (B,), two of each class."""
        return {
            "image": torch.rand(batch_size, 1, 105, 105),
            "extent": torch.full((batch_size, 2), 105),
            "label": torch.arange(batch_size) // 2,
        }

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of the pairs of a batch, half of one class and half of two.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``label`` (B,).
            draws: source of the pairs, and in training mode of the jitter.

        Returns:
            the player ``pairs``; the log has ``accuracy``, the share of the pairs in percent that is told right.
        """
        image = self.prepared(batch)
        if self.training and self.config.jitter:
            image = jittered(image, draws, strength=self.config.jitter)
        code = flat(self.backbone(image.contiguous(memory_format=torch.channels_last)))
        pairs = balanced_pairs(batch["label"], draws)
        odds = self.log_odds(code[pairs.first], code[pairs.second])
        same, count = ~pairs.different, max(len(odds), 1)
        loss = F.binary_cross_entropy_with_logits(odds, same.to(odds.dtype), reduction="sum") / count
        right = ((odds > 0) == same).float().sum() / count
        return Losses({"pairs": loss}, {"accuracy": 100 * right})

    def log_odds(self, first: Tensor, second: Tensor) -> Tensor:
        """Return (M,) logarithms of p / (1 - p), p the probability that (M, D) codes are of one class."""
        odds: Tensor = self.weight((first - second).abs())
        return odds[:, 0]

    def told(self, known: Tensor, label: Tensor, asked: Tensor) -> Tensor:
        """Return (Q, K) mean probabilities that (Q, D) features are of one class with the (S, D) known ones of each.

        The paper has one image of each class, and takes the likeliest.
        """
        pairs = [self.log_odds(one.expand_as(asked), asked) for one in known]
        belongs = F.one_hot(label).to(known.dtype)  # (S, K)
        return torch.stack(pairs, 1).sigmoid() @ (belongs / belongs.sum(0))

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images; see ``flat``.

        Raises:
            UsageError: there is no such layer.
        """
        return super().encode(batch, self.chosen(layer))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls and whose momentum rises epoch by epoch, or AdamW with a cosine."""
        config = self.config

        def by_epoch(sgd: torch.optim.Optimizer, num_steps: int) -> Optimization:
            return Optimization(sgd, _Epochs(sgd, config, num_steps))

        return {"pairs": descent(config, self, num_steps, schedule=by_epoch)}


class _Epochs(LambdaLR):
    """A rate that falls by a hundredth an epoch, and a momentum that rises evenly."""

    def __init__(self, optimizer: torch.optim.Optimizer, config: KochSiameseConfig, num_steps: int) -> None:
        self.config = config
        self.num_steps = num_steps
        super().__init__(optimizer, lambda update: 0.99 ** self.epoch(update))

    def epoch(self, update: int) -> int:
        """Return the epoch of an update, from 0."""
        return min(update * self.config.epochs // max(self.num_steps, 1), self.config.epochs - 1)

    def get_lr(self) -> list[float | Tensor]:
        """Return the rates, and set the momenta of the same update."""
        config, share = self.config, self.epoch(self.last_epoch) / max(self.config.epochs - 1, 1)
        for group in self.optimizer.param_groups:
            group["momentum"] = config.first_momentum + share * (config.momentum - config.first_momentum)
        return super().get_lr()


def _kaiming(layer: nn.Module) -> None:
    """Draw weights by the number of inputs, biases 0."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    elif isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
    if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
        nn.init.zeros_(layer.bias)


FOLDS = Folds(whole_classes=True)
"""A quarter of the classes, and of alphabets where there are such, is held out whole."""


def paper() -> Recipe:
    """Learn verification with the published network for 200 epochs of 150,000 pairs, 128 a batch; not run.

    Command: ``lessup train koch-siamese --data DATA --out RUN --recipe paper``.
    """
    training = Training(steps=234_000, batch_size=128, log_every=100, checkpoint_every=5_000)
    return Recipe(config=KochSiameseConfig(), training=training, folds=FOLDS)


def gpu() -> Recipe:
    """Learn with the published network from other first weights and by AdamW; not measured.

    Command: ``lessup train koch-siamese --data DATA --out RUN --recipe gpu``.
    """
    config = KochSiameseConfig(initialisation="kaiming", optimizer="adamw", learning_rate=1e-3)
    return Recipe(config=config, training=Training(steps=6000, batch_size=64, log_every=100), folds=FOLDS)


def cpu() -> Recipe:
    """Learn with a quarter of the maps for half an hour on one core that nothing else uses.

    Command: ``lessup train koch-siamese --data DATA --out RUN --recipe cpu``.
    """
    config = KochSiameseConfig(backbone="koch-small", initialisation="kaiming", optimizer="adamw", learning_rate=1e-3)
    return Recipe(config=config, training=Training(steps=4000, batch_size=64, log_every=100), folds=FOLDS)
