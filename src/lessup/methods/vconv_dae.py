"""VConv-DAE: a volumetric network learns shapes by undoing the random removal of half of all cells.

Abhishek Sharma, Oliver Grau, Mario Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*, 2016,
https://arxiv.org/abs/1604.03755. Network and training follow the authors' released Torch7 code, which has a second
dropout, on the bottleneck, that the paper's figure leaves out.

*Differs from the paper:* the cross-entropy is computed from logits, which is the same function without overflow;
samples come shuffled (the released code draws a permutation and does not use it). The ``cpu`` and ``gpu`` recipes also
change the batch size and the optimiser; their docstrings say why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from lessup.backbones.block_convolution import block_conv3d, block_conv_transpose3d
from lessup.errors import DataError
from lessup.methods import Losses, Recipe, ShapeAutoencoder
from lessup.optimization import Optimization
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.voxels import Voxels, random_cuboids
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout

SIDE = 30
"""Cells per side of the grid; the released network fits no other."""

CODE_SHAPE = (256, 3, 3, 3)
"""What the bottleneck is seen as by the decoder: 6,912 numbers."""


@dataclass(frozen=True, kw_only=True)
class VConvDAEConfig:
    """The published hyper-parameters.

    Attributes:
        corruption: drop half of the input cells in training; off gives the paper's baseline CAE.
        dropout: share dropped of the input and of the bottleneck; what is kept is scaled up by 1 / (1 - dropout).
        optimizer: ``sgd`` is Torch7's, as published; ``adam`` has betas (momentum, 0.999).
        learning_rate: of the first update.
        momentum: decay of the running average of the gradients.
        decay: the learning rate of update t is ``learning_rate / (1 + t * decay)``.
    """

    corruption: bool = True
    dropout: float = 0.5
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    decay: float = 5e-7


class VConvDAE(ShapeAutoencoder):
    """The network of the released code: two convolutions, a wide linear bottleneck, two transposed convolutions."""

    Config: ClassVar = VConvDAEConfig
    paper: ClassVar = (
        "Abhishek Sharma, Oliver Grau, Mario Fritz, VConv-DAE: Deep Volumetric Shape Learning Without Object Labels, "
        "2016, https://arxiv.org/abs/1604.03755"
    )
    reads: ClassVar = ("voxels",)
    layers: ClassVar = ("bottleneck", "conv2")

    def __init__(self, config: VConvDAEConfig) -> None:
        super().__init__()
        self.config = config
        self.conv1 = nn.Conv3d(1, 64, 9, stride=3)  # 30 -> 8 cells a side
        self.conv2 = nn.Conv3d(64, 256, 4, stride=2)  # 8 -> 3
        self.bottleneck = nn.Linear(6912, 6912)
        self.deconv1 = nn.ConvTranspose3d(256, 64, 5, stride=2)  # 3 -> 9
        self.deconv2 = nn.ConvTranspose3d(64, 1, 6, stride=3)  # 9 -> 30
        for layer in (self.deconv1, self.deconv2):
            _initialise_as_torch7(layer)

    @classmethod
    def configured(cls, config: VConvDAEConfig, samples: Samples) -> VConvDAEConfig:
        """Return ``config`` unchanged.

        Raises:
            DataError: the grids have another side than 30.
        """
        if isinstance(samples, Voxels) and samples.side != SIDE:
            raise DataError(
                f"vconv-dae reads grids of {SIDE} cells a side; these have {samples.side}: "
                f"resample them with --side {SIDE}"
            )
        return config

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``voxels`` (B, 30, 30, 30) bool, see ``random_cuboids``."""
        return {"voxels": random_cuboids(batch_size)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of the whole shape given its half, averaged over all 27,000 cells.

        Args:
            batch: ``voxels`` (B, 30, 30, 30) bool.
            draws: source of both dropout masks.

        Returns:
            the player ``reconstruction``; ``wrong_cells`` is the mean number of cells on the wrong side of 0.5.
        """
        whole = batch["voxels"].float()
        seen = dropout(whole, self.config.dropout, draws) if self.config.corruption else whole
        logits = self._decode(dropout(self._code(seen), self.config.dropout, draws))
        loss = F.binary_cross_entropy_with_logits(logits, whole)
        wrong = ((logits.detach() > 0) != batch["voxels"]).sum() / len(whole)
        return Losses({"reconstruction": loss}, {"wrong_cells": wrong})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, 6912) features >= 0 of the whole grid: ``bottleneck`` (default) or ``conv2``, after their ReLU.

        Raises:
            UsageError: there is no such layer.
        """
        grids = batch["voxels"].float()
        return self._convolved(grids) if self.chosen(layer) == "conv2" else self._code(grids)

    def repair(self, voxels: Tensor) -> Tensor:
        """Return (B, 30, 30, 30) probabilities of occupied cells, from (B, 30, 30, 30) bool; no dropout."""
        return self._decode(self._code(voxels.float())).sigmoid()

    def blend(self, first: Tensor, second: Tensor, weight: float) -> Tensor:
        """Return (B, 30, 30, 30) probabilities decoded between two shapes; the codes are mixed after their ReLU."""
        code = torch.lerp(self._code(first.float()), self._code(second.float()), weight)
        return self._decode(code).sigmoid()

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:  # noqa: ARG002 - its decay knows no end
        """Return Torch7's SGD, whose momentum is a running average (dampening = momentum), or Adam; the rate decays."""
        rate, momentum = self.config.learning_rate, self.config.momentum
        optimizer: Optimizer
        if self.config.optimizer == "sgd":
            optimizer = torch.optim.SGD(self.parameters(), lr=rate, momentum=momentum, dampening=momentum, fused=True)
        else:
            optimizer = torch.optim.Adam(self.parameters(), lr=rate, betas=(momentum, 0.999), fused=True)
        schedule = LambdaLR(optimizer, lambda update: 1 / (1 + update * self.config.decay))
        return {"reconstruction": Optimization(optimizer, schedule)}

    def _convolved(self, grids: Tensor) -> Tensor:
        """Map (B, V, V, V) grids to (B, 6912)."""
        x = block_conv3d(grids[:, None], self.conv1.weight, self.conv1.bias, stride=3)
        x = F.relu(x)  # (B, 64, 8, 8, 8)
        x = self.conv2(x)
        return F.relu(x).flatten(1)

    def _code(self, grids: Tensor) -> Tensor:
        """Map (B, V, V, V) grids to (B, 6912) codes."""
        code: Tensor = self.bottleneck(self._convolved(grids))
        return F.relu(code)

    def _decode(self, code: Tensor) -> Tensor:
        """Map (B, 6912) codes to (B, V, V, V) logits."""
        x = F.relu(self.deconv1(code.view(-1, *CODE_SHAPE)))  # (B, 64, 9, 9, 9)
        return block_conv_transpose3d(x, self.deconv2.weight, self.deconv2.bias, stride=3).squeeze(1)


def _initialise_as_torch7(layer: nn.ConvTranspose3d) -> None:
    """Draw uniformly from +-1 / sqrt(inputs * k^3), as Torch7 does; torch takes the number of outputs instead.

    Convolutions and linear layers agree in both.
    """
    bound = (layer.weight.shape[0] * layer.weight[0, 0].numel()) ** -0.5
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -bound, bound)


def paper() -> Recipe:
    """Follow the released code: batches of one, SGD at 0.1, without end; here 500 passes over its 9,600 volumes.

    Command: ``lessup train vconv-dae --data DATA --out RUN --recipe paper``. The number of passes is not published.
    Not run: so many updates of 48 million weights would take weeks on two cores.
    """
    return Recipe(config=VConvDAEConfig(), training=Training(steps=4_800_000, batch_size=1, checkpoint_every=48_000))


def cpu() -> Recipe:
    """Train in an hour on one core (53 minutes measured): batches of 32 and Adam in place of batches of one and SGD.

    A batch of one spends its time on updating 48 million weights, and 0.1 on a loss averaged over 27,000 cells is
    a tiny step: Adam needs far fewer updates. Its rate has fallen to 2 / 7 at the end.

    Command: ``lessup train vconv-dae --data DATA --out RUN --recipe cpu``.
    """
    config = VConvDAEConfig(optimizer="adam", learning_rate=5e-4, decay=5e-4)
    return Recipe(config=config, training=Training(steps=5_000, batch_size=32))


def gpu() -> Recipe:
    """Train on a GPU: as ``cpu``, with batches of 256, more updates and a slower decay; not run yet.

    Command: ``lessup train vconv-dae --data DATA --out RUN --recipe gpu``.
    """
    config = VConvDAEConfig(optimizer="adam", learning_rate=5e-4, decay=1e-4)
    return Recipe(config=config, training=Training(steps=20_000, batch_size=256))
