"""VoxNet: a small supervised 3D convolutional network, the baseline that knows every label.

Daniel Maturana, Sebastian Scherer, *VoxNet: A 3D Convolutional Neural Network for Real-Time Object Recognition*, 2015,
https://doi.org/10.1109/IROS.2015.7353481. Network, initialisation and training follow the authors' released code.

*Differs from the paper:* mirroring and shifts are drawn for each sample, where the released code draws them once for 64
batches; samples come shuffled. At test the released code adds the logits of an object's 12 rotations and decides once:
that is the protocol's business. The ``cpu`` recipe also changes the optimiser; its docstring says why.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from lessup.backbones.block_convolution import block_conv3d
from lessup.errors import DataError
from lessup.methods import Losses, Method, Recipe
from lessup.optimization import Optimization
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.voxels import Voxels
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout

SIDE = 32
"""Cells per side of the network's input."""

RATES = {0: 1.0, 60_000: 0.1, 400_000: 0.05, 600_000: 0.01}
"""Factor of the learning rate from each update on, as released: 1e-3, 1e-4, 5e-5, 1e-5."""


@dataclass(frozen=True, kw_only=True)
class VoxNetConfig:
    """The published hyper-parameters.

    Attributes:
        num_classes: K, taken from the data; 10 is ModelNet10.
        mirror: probability of mirroring a grid along x, and again along y.
        shift: grids are rolled by at most this many cells along each axis.
        optimizer: ``sgd`` has the published steps of the learning rate; ``adam`` lets it fall to 0 along a cosine.
        learning_rate: of the first update.
        momentum: of SGD, or the first beta of Adam.
        l2: weight of the sum of squared weights (not biases) in the loss.
    """

    num_classes: int = 10
    mirror: float = 0.2
    shift: int = 2
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    l2: float = 1e-3


class VoxNet(Method):
    """Two convolutions, a pooling and two linear layers over a grid of -1 (empty) and +1 (occupied)."""

    Config: ClassVar = VoxNetConfig
    paper: ClassVar = (
        "Daniel Maturana, Sebastian Scherer, VoxNet: A 3D Convolutional Neural Network for Real-Time Object "
        "Recognition, 2015, https://doi.org/10.1109/IROS.2015.7353481"
    )
    reads: ClassVar = ("voxels", "label")
    layers: ClassVar = ("fc1", "pool", "logits")

    def __init__(self, config: VoxNetConfig) -> None:
        super().__init__()
        self.config = config
        self.conv1 = nn.Conv3d(1, 32, 5, stride=2)  # 32 -> 14 cells a side
        self.conv2 = nn.Conv3d(32, 32, 3)  # 14 -> 12, pooled to 6
        self.fc1 = nn.Linear(6912, 128)
        self.fc2 = nn.Linear(128, config.num_classes)
        for convolution in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(convolution.weight)
        for linear in (self.fc1, self.fc2):
            nn.init.normal_(linear.weight, std=0.01)
        for bias in (p for p in self.parameters() if p.ndim == 1):
            nn.init.zeros_(bias)

    @classmethod
    def configured(cls, config: VoxNetConfig, samples: Samples) -> VoxNetConfig:
        """Return ``config`` with the number of classes of the data.

        Raises:
            DataError: a grid is larger than 32 cells or cannot be padded evenly, or a sample has no label.
        """
        if isinstance(samples, Voxels) and (samples.side > SIDE or samples.side % 2):
            raise DataError(
                f"voxnet reads grids of an even side up to {SIDE} cells; these have {samples.side}: "
                f"resample them with --side {SIDE}"
            )
        unlabelled = int((samples.label < 0).sum())
        if unlabelled or not len(samples.classes):
            raise DataError(
                f"voxnet learns from labels, and {unlabelled} of {len(samples)} samples have none: "
                "sort the shapes into one folder a class"
            )
        return replace(config, num_classes=len(samples.classes))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``voxels`` (B, 32, 32, 32) bool, random cells, and ``label`` (B,) int64 of two classes."""
        label = torch.arange(batch_size) % 2
        cells = torch.rand(batch_size, SIDE, SIDE, SIDE)
        return {"voxels": cells < 0.1 + 0.3 * label[:, None, None, None], "label": label}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of the labels; in training mode grids are mirrored and shifted, features dropped.

        Args:
            batch: ``voxels`` (B, V, V, V) bool, ``label`` (B,) int64.
            draws: source of the augmentation and of the three dropout masks.

        Returns:
            the player ``classification``, without the ``l2`` term, which the optimiser adds; the log has ``accuracy``.
        """
        grids = _padded(batch["voxels"])
        if self.training:
            grids = jittered(grids, draws, mirror=self.config.mirror, shift=self.config.shift)
        logits = self._activations(grids, draws if self.training else None)["logits"]
        accuracy = (logits.detach().argmax(1) == batch["label"]).float().mean()
        return Losses({"classification": F.cross_entropy(logits, batch["label"])}, {"accuracy": accuracy})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, 128) ``fc1`` (default), (B, 6912) ``pool`` or (B, K) ``logits``; nothing is dropped.

        Raises:
            UsageError: there is no such layer.
        """
        return self._activations(_padded(batch["voxels"]))[self.chosen(layer)]

    def classify(self, voxels: Tensor) -> Tensor:
        """Return (B, K) logits of (B, V, V, V) bool grids; nothing is dropped."""
        return self._activations(_padded(voxels))["logits"]

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD with the published steps, or Adam along a cosine; both add the gradient of the l2 term."""
        rate, momentum = self.config.learning_rate, self.config.momentum
        groups = [
            # The gradient of l2 * w^2 is 2 * l2 * w.
            {"params": [p for p in self.parameters() if p.ndim > 1], "weight_decay": 2 * self.config.l2},
            {"params": [p for p in self.parameters() if p.ndim == 1], "weight_decay": 0.0},
        ]
        optimizer: Optimizer
        if self.config.optimizer == "sgd":
            optimizer = torch.optim.SGD(groups, lr=rate, momentum=momentum)
            schedule = LambdaLR(optimizer, lambda update: RATES[max(start for start in RATES if start <= update)])
        else:
            optimizer = torch.optim.Adam(groups, lr=rate, betas=(momentum, 0.999))
            schedule = LambdaLR(optimizer, lambda update: (1 + math.cos(math.pi * update / num_steps)) / 2)
        return {"classification": Optimization(optimizer, schedule)}

    def _activations(self, grids: Tensor, draws: Draws | None = None) -> dict[str, Tensor]:
        """Map (B, 32, 32, 32) bool grids to every layer; ``draws`` turns the dropouts on."""

        def dropped(x: Tensor, share: float) -> Tensor:
            return x if draws is None else dropout(x, share, draws)

        x = 2 * grids[:, None].float() - 1
        x = F.leaky_relu(block_conv3d(x, self.conv1.weight, self.conv1.bias, stride=2), 0.1)  # (B, 32, 14, 14, 14)
        x = F.leaky_relu(self.conv2(dropped(x, 0.2)), 0.1)  # (B, 32, 12, 12, 12)
        pool = F.max_pool3d(x, 2).flatten(1)  # (B, 6912)
        fc1 = F.relu(self.fc1(dropped(pool, 0.3)))
        return {"pool": pool, "fc1": fc1, "logits": self.fc2(dropped(fc1, 0.4))}


def jittered(grids: Tensor, draws: Draws, *, mirror: float, shift: int) -> Tensor:
    """Mirror grids along x and y, each with a probability, then roll them along every axis; drawn for each sample.

    Args:
        grids: (B, V, V, V) bool.
        draws: source of the randomness.
        mirror: probability of a mirrored axis.
        shift: largest shift either way, cells; what leaves at one side enters at the other.

    Returns:
        (B, V, V, V) bool.
    """
    count, side = grids.shape[:2]
    mirrored = draws.uniform(count, 3) < torch.tensor([mirror, mirror, 0.0], device=grids.device)
    moved = draws.integers(-shift, shift + 1, count, 3)
    source = (torch.arange(side, device=grids.device) - moved[:, :, None]) % side  # (B, 3, V)
    source = torch.where(mirrored[:, :, None], side - 1 - source, source)
    sample = torch.arange(count, device=grids.device)[:, None, None, None]
    return grids[sample, source[:, 0, :, None, None], source[:, 1, None, :, None], source[:, 2, None, None, :]]


def _padded(voxels: Tensor) -> Tensor:
    """Pad (B, V, V, V) bool grids with empty cells to (B, 32, 32, 32)."""
    return F.pad(voxels, ((SIDE - voxels.shape[-1]) // 2,) * 6)


def paper() -> Recipe:
    """Follow the released code: 80 passes over ModelNet10's 3,991 training objects in 12 views, in batches of 32.

    Not run: seven hours on two cores, at the pace of ``cpu``.

    Command: ``lessup train voxnet --data DATA --out RUN --recipe paper``.
    """
    return Recipe(config=VoxNetConfig(), training=Training(steps=119_760, batch_size=32, checkpoint_every=4_000))


def cpu() -> Recipe:
    """Train in ten minutes on two cores: Adam along a cosine in place of SGD in steps, which needs far fewer updates.

    The time is that of 30 updates, 0.4 core-seconds each; not run to its end yet.

    Command: ``lessup train voxnet --data DATA --out RUN --recipe cpu``.
    """
    return Recipe(config=VoxNetConfig(optimizer="adam"), training=Training(steps=3_000, batch_size=32))
