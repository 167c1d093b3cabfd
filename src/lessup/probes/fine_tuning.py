"""Fine-tuning: a small classifier on top of a trained network, and all of it trained on the labels.

Source: the ``FT`` network of Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*,
2016, in their code: two linear layers of 512 and K units after the bottleneck, dropout between them.

Differs from the paper: AdamW with a cosine in place of 500 epochs of SGD at 1e-4; shapes are turned and mirrored about
the upright axis; the input is not corrupted.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lessup.errors import UsageError
from lessup.methods import Losses, Method, Optimization
from lessup.samples import Batch
from lessup.transforms.draws import Draws
from lessup.transforms.symmetry import NUM_SYMMETRIES, apply_symmetry


@dataclass(frozen=True, kw_only=True)
class FineTuningConfig:
    """The published head and how it is trained.

    Attributes:
        num_classes: K.
        hidden: units between the two linear layers.
        dropout: share of them that is dropped in training.
        learning_rate: peak of the cosine.
        weight_decay: of AdamW.
    """

    num_classes: int
    hidden: int = 512
    dropout: float = 0.5
    learning_rate: float = 3e-4
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
        kept = draws.uniform(*hidden.shape) >= self.config.dropout
        logits = self.decide(hidden * kept / (1 - self.config.dropout))
        right = (logits.argmax(1) == batch["label"]).float().mean()
        return Losses({"classification": F.cross_entropy(logits, batch["label"])}, {"accuracy": right})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, K) logits.

        Raises:
            UsageError: there is no such layer.
        """
        if layer not in (None, "logits"):
            raise UsageError(f"a fine-tuned network has no layer {layer!r}, only logits")
        logits: Tensor = self.decide(self._hidden(batch))
        return logits

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return AdamW whose rate rises over the first twentieth of the run and falls along a cosine."""
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=self.config.learning_rate, weight_decay=self.config.weight_decay
        )
        rise = max(num_steps // 20, 1)

        def factor(update: int) -> float:
            return min((update + 1) / rise, 0.5 + 0.5 * math.cos(math.pi * min(update / num_steps, 1)))

        return {"classification": Optimization(optimizer, LambdaLR(optimizer, factor))}

    def _hidden(self, batch: Batch) -> Tensor:
        return F.relu(self.hidden(self.body.encode(batch, self.layer)))
