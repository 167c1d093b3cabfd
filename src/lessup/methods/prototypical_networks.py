"""prototypical-networks: a network is trained so that the mean of a few images of a class is nearest to its others.

Jake Snell, Kevin Swersky, Richard Zemel, *Prototypical Networks for Few-shot Learning*, 2017,
https://arxiv.org/abs/1703.05175. Network, loss and schedule are those of the authors' released code for Omniglot.

*Differs from the paper:* training does not stop early by validation; images can be jittered, which the recipe ``cpu``
does and the paper does not; convolutions have no bias, which the batch normalisation behind them would take away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from lessup.errors import UsageError
from lessup.losses.episodes import prototype_scores
from lessup.methods import EpisodeConfig, EpisodeLearner, Recipe
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.runs import Training
from lessup.samples.splits import Folds


@dataclass(frozen=True, kw_only=True)
class PrototypicalNetworksConfig(EpisodeConfig):
    """The published hyper-parameters for Omniglot; the way is the batch size over shot and queries.

    Attributes:
        optimizer: ``adam`` at a rate that is halved, or ``adamw``, whose rate rises at first and falls along a cosine.
        halve_every: updates after which the rate of ``adam`` is halved.
    """

    optimizer: Literal["adam", "adamw"] = "adam"
    halve_every: int = 2000


class PrototypicalNetworks(EpisodeLearner):
    """A backbone; what it makes of images of one class lies around their mean."""

    Config: ClassVar = PrototypicalNetworksConfig
    paper: ClassVar = (
        "Jake Snell, Kevin Swersky, Richard Zemel, Prototypical Networks for Few-shot Learning, 2017, "
        "https://arxiv.org/abs/1703.05175"
    )
    player: ClassVar = "prototypes"
    config: PrototypicalNetworksConfig

    def __init__(self, config: PrototypicalNetworksConfig) -> None:
        if min(config.shot, config.queries, config.halve_every) < 1:
            raise UsageError(
                f"shot {config.shot}, queries {config.queries}, halve every {config.halve_every}: wanted 1 or more"
            )
        super().__init__(config)

    def told(self, known: Tensor, label: Tensor, asked: Tensor) -> Tensor:
        """Return (Q, K) minus the squared distances of (Q, D) features to the means of the (S, D) known ones."""
        return prototype_scores(known, label, asked)

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
    """Learn from episodes of 60 classes, jittered and bent, mirror images among them, half an hour on one idle core.

    On the alphabets of fold 0, after 3,000 updates, in 20 ways: 86.0 % with 20 classes of five queries, 86.9 with
    mirror images, 87.4 with 60 classes of one query as well, 88.7 with bends of .04 besides (87.4 with .075); 89.5 with
    the features of 16 views more, and 89.6 where these are bent, too.

    Command: ``lessup train prototypical-networks --data DATA --out RUN --recipe cpu``.
    """
    config = PrototypicalNetworksConfig(
        queries=1, mirrored_classes=True, jitter=1.0, bend=0.04, jittered_views=17, optimizer="adamw"
    )
    return Recipe(config=config, training=Training(steps=10_000, batch_size=120, log_every=100), folds=FOLDS)
