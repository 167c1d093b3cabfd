"""matching-networks: an image has the class of the few known ones that it is most like, by the cosine of their codes.

Oriol Vinyals, Charles Blundell, Timothy Lillicrap, Koray Kavukcuoglu, Daan Wierstra, *Matching Networks for One Shot
Learning*, 2016, https://arxiv.org/abs/1606.04080.

*Differs from the paper:* codes do not see the other images of the episode (no full context embeddings, which the paper
finds to add little on Omniglot); no fine-tuning on what is known of an episode; the optimiser is not published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lessup.errors import UsageError
from lessup.losses.episodes import attention_scores
from lessup.methods import EpisodeConfig, EpisodeLearner, Recipe
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.runs import Training
from lessup.samples.splits import Folds


@dataclass(frozen=True, kw_only=True)
class MatchingNetworksConfig(EpisodeConfig):
    """The published hyper-parameters, as far as they are known; the way is the batch size over shot and queries.

    Attributes:
        scale: what cosines are multiplied by before the softmax over all known images; the paper's is 1.
    """

    scale: float = 1.0


class MatchingNetworks(EpisodeLearner):
    """A backbone, the same for known and asked images; what it makes of them is compared by its cosine."""

    Config: ClassVar = MatchingNetworksConfig
    paper: ClassVar = (
        "Oriol Vinyals, Charles Blundell, Timothy Lillicrap, Koray Kavukcuoglu, Daan Wierstra, Matching Networks for "
        "One Shot Learning, 2016, https://arxiv.org/abs/1606.04080"
    )
    player: ClassVar = "attention"
    config: MatchingNetworksConfig

    def __init__(self, config: MatchingNetworksConfig) -> None:
        if min(config.shot, config.queries) < 1 or config.scale <= 0:
            raise UsageError(
                f"shot {config.shot}, queries {config.queries}, scale {config.scale}: wanted 1 or more of the first "
                "two, and above 0"
            )
        super().__init__(config)

    def told(self, known: Tensor, label: Tensor, asked: Tensor) -> Tensor:
        """Return (Q, K) logarithms of the attention that (Q, D) features pay to the (S, D) known ones of each class."""
        return attention_scores(known, label, asked, scale=self.config.scale)

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
    """Learn with sharper attention, from what prototypical-networks learns from, for half an hour on one idle core.

    Command: ``lessup train matching-networks --data DATA --out RUN --recipe cpu``.
    """
    config = MatchingNetworksConfig(
        queries=1, mirrored_classes=True, jitter=1.0, bend=0.04, jittered_views=17, scale=20.0
    )
    return Recipe(config=config, training=Training(steps=10_000, batch_size=120, log_every=100), folds=FOLDS)
