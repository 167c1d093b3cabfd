"""Fine-tuning: a small classifier on top of a trained network, and all of it trained on the labels.

Source: the ``FT`` network of Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*,
2016, in their code: two linear layers of 512 and K units after the bottleneck, dropout between them.

Differs from the paper: features are normalised by batch before the classifier; AdamW with a cosine in place of 500
epochs of SGD at 1e-4, the network that was trained before at a tenth of the classifier's rate; shapes are turned and
mirrored about the upright axis, and the decision is the mean over all such turns; the input is not corrupted.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.methods import Losses, Method
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.samples import Batch
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.symmetry import NUM_SYMMETRIES, apply_symmetry


@dataclass(frozen=True, kw_only=True)
class FineTuningConfig:
    """The published head and how it is trained.

    Attributes:
        num_classes: K.
        hidden: units between the two linear layers.
        dropout: share of them that is dropped in training.
        learning_rate: of the classifier, peak of the cosine.
        body_rate: that of the trained network, as a share of the classifier's.
        weight_decay: of AdamW.
    """

    num_classes: int
    hidden: int = 512
    dropout: float = 0.5
    learning_rate: float = 1e-3
    body_rate: float = 0.1
    weight_decay: float = 0.01


class FineTuned(Method):
    """A copy of a trained network with a classifier on its features."""

    Config: ClassVar = FineTuningConfig
    paper: ClassVar = "Sharma, Grau, Fritz, VConv-DAE, 2016, https://arxiv.org/abs/1604.03755"
    reads: ClassVar = ("voxels", "label")
    layers: ClassVar = ("logits",)

    def __init__(self, trained: Method, layer: str | None, width: int, config: FineTuningConfig) -> None:
        """Copy a network.

        Args:
            trained: the network; stays as it is.
            layer: whose features the classifier sees; the network's default if None.
            width: D of that layer.
            config: the classifier.
        """
        super().__init__()
        self.config = config
        self.body = copy.deepcopy(trained).requires_grad_(True)
        self.layer = layer
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.hidden = nn.Linear(width, config.hidden)
        self.decide = nn.Linear(config.hidden, config.num_classes)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``voxels`` (B, 30, 30, 30) bool and ``label`` (B,) int64 of two classes."""
        label = torch.arange(batch_size) % 2
        return {"voxels": torch.rand(batch_size, 30, 30, 30) < 0.2 + 0.3 * label.view(-1, 1, 1, 1), "label": label}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of turned and mirrored shapes."""
        num = len(batch["voxels"])
        turned = apply_symmetry(batch["voxels"], draws.integers(0, NUM_SYMMETRIES, num))
        hidden = self._hidden(batch | {"voxels": turned})
        logits = self.decide(dropout(hidden, self.config.dropout, draws))
        right = (logits.argmax(1) == batch["label"]).float().mean()
        return Losses({"classification": F.cross_entropy(logits, batch["label"])}, {"accuracy": right})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, K) log-probabilities, their mean over all turns and mirrorings.

        Raises:
            UsageError: there is no such layer.
        """
        self.chosen(layer)
        num, turns = len(batch["voxels"]), torch.arange(NUM_SYMMETRIES, device=self.device)
        each = [
            self.decide(self._hidden(batch | {"voxels": apply_symmetry(batch["voxels"], turn.expand(num))}))
            for turn in turns
        ]
        return torch.stack(each).log_softmax(2).mean(0)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return AdamW whose rates rise over the first twentieth of the run and fall along a cosine."""
        config = self.config
        classifier = [weight for name, weight in self.named_parameters() if not name.startswith("body.")]
        body = {"params": [*self.body.parameters()], "lr": config.body_rate * config.learning_rate}
        groups = [{"params": classifier}, body]
        return {"classification": adamw_with_cosine(groups, config.learning_rate, config.weight_decay, num_steps)}

    def _hidden(self, batch: Batch) -> Tensor:
        return F.relu(self.hidden(self.norm(self.body.encode(batch, self.layer))))
