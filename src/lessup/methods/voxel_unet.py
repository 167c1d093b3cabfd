"""voxel-unet: a 3D U-Net that reads a damaged grid and predicts the whole shape, trained on four kinds of damage.

Özgün Çiçek, Ahmed Abdulkadir, Soeren S. Lienkamp, Thomas Brox, Olaf Ronneberger, *3D U-Net: Learning Dense Volumetric
Segmentation from Sparse Annotation*, 2016, https://arxiv.org/abs/1606.06650, as a denoising autoencoder (Vincent et
al. 2008).

*Differs from the paper:* blocks of 2x2x2 cells are the channels of the finest level, which costs an eighth as much;
residual units with group normalisation in place of batch normalisation, so that several processes train as one; beside
the cells the network reads what a damaged grid tells about its damage (local evidence, empty slices, cell statistics).
Damage only removes cells: what is seen stays, and the loss is taken on the other cells alone.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lessup.backbones.block_convolution import blocks_to_channels, channels_to_blocks
from lessup.backbones.residual3d import Up, group_norm, residual_units
from lessup.errors import DataError
from lessup.methods import Losses, Recipe, ShapeAutoencoder
from lessup.optimization import Optimization
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.voxels import Voxels, random_cuboids, unpack
from lessup.transforms.closing import closing
from lessup.transforms.draws import Draws
from lessup.transforms.symmetry import NUM_SYMMETRIES, apply_symmetry, undo_symmetry
from lessup.transforms.voxel_evidence import box_mean, coordinates, gaps
from lessup.transforms.voxel_noise import cameras, remove_half, remove_slices, visible

Levels = tuple[Tensor, Tensor, Tensor]
"""Features of the finest, middle and coarsest level, each (B, C, N, N, N)."""

Turn = Callable[[Tensor], Tensor]
"""A symmetry of (B, V, V, V) grids."""

LEVELS = 3
"""Resolutions of the network; each halves the one before, and the finest holds blocks of 2 cells a side."""

CELLS_PER_LOSS = 1000
"""Summed cross-entropy is divided by this rather than by the number of unseen cells, which would favour full grids."""

NUM_STATISTICS = 7
NUM_MAPS = 8 + 3 * 2 + 2
"""Cells of a block; gaps along three axes for the 2 slices of a block; height and distance from the axis."""

NUM_EVIDENCE = 3 * 8
"""The closing and two box means for the cells of a block."""


@dataclass(frozen=True, kw_only=True)
class VoxelUNetConfig:
    """Network, damage and optimiser.

    Attributes:
        widths: channels of the finest, middle and coarsest level; multiples of 16.
        encoder_units: residual units a level on the way down; the last are the bottleneck.
        decoder_units: residual units of the finest and the middle level on the way up.
        symmetries: repairs are averaged over this many turns and mirrorings about the upright axis, 1 to 8.
        random: share of training shapes that lose cells at random.
        slices: share that lose slices along one axis.
        half: share that lose one side of a plane through their centre.
        view: share of which only what one camera sees is left; the four shares are scaled to 1.
        most_random: largest fraction of cells lost at random, drawn evenly from 0.05 upwards.
        most_slices: largest number of slices lost, drawn evenly from 1 upwards.
        learning_rate: peak, after the warm-up and before the cosine to zero.
        weight_decay: of AdamW, on weights of more than one dimension.
        warm_up: share of the updates.
        cells: per side, filled in from the data.
        rim: cells on each side that are empty in all of the data and left as they are, filled in from the data.
    """

    widths: tuple[int, int, int] = (32, 64, 128)
    encoder_units: tuple[int, int, int] = (1, 2, 2)
    decoder_units: tuple[int, int] = (1, 2)
    symmetries: int = 4
    random: float = 0.58
    slices: float = 0.34
    half: float = 0.04
    view: float = 0.04
    most_random: float = 0.6
    most_slices: int = 10
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    warm_up: float = 0.05
    cells: int = 30
    rim: int = 3


class VoxelUNet(ShapeAutoencoder):
    """Encoder, skips by concatenation, decoder."""

    Config: ClassVar = VoxelUNetConfig
    paper: ClassVar = (
        "Özgün Çiçek, Ahmed Abdulkadir, Soeren S. Lienkamp, Thomas Brox, Olaf Ronneberger, 3D U-Net: Learning Dense "
        "Volumetric Segmentation from Sparse Annotation, 2016, https://arxiv.org/abs/1606.06650"
    )
    reads: ClassVar = ("voxels",)
    layers: ClassVar = ("bottleneck", "stages", "middle")

    def __init__(self, config: VoxelUNetConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        self.inner = config.cells - 2 * config.rim
        self.blocks = -(-self.inner // 2**LEVELS) * 2 ** (LEVELS - 1)  # per side of the finest level
        self.stem = nn.Conv3d(NUM_MAPS, fine, 3, padding=1)
        self.evidence = nn.Conv3d(NUM_EVIDENCE, fine, 1, bias=False)
        self.statistics = nn.Sequential(nn.Linear(NUM_STATISTICS, 32), nn.ReLU(), nn.Linear(32, fine))
        self.encoder_fine = residual_units(fine, config.encoder_units[0])
        self.down_fine = nn.Conv3d(fine, middle, 2, stride=2)
        self.place = nn.Parameter(torch.zeros(1, middle, *(self.blocks // 2,) * 3))
        self.encoder_middle = residual_units(middle, config.encoder_units[1])
        self.down_middle = nn.Conv3d(middle, coarse, 2, stride=2)
        self.bottleneck = residual_units(coarse, config.encoder_units[2])
        self.up_middle = Up(coarse, middle)
        self.decoder_middle = residual_units(middle, config.decoder_units[1])
        self.up_fine = Up(middle, fine)
        self.decoder_fine = residual_units(fine, config.decoder_units[0])
        self.norm = group_norm(fine)
        self.head = nn.Conv3d(fine, 8, 1)
        assert self.head.bias is not None
        nn.init.constant_(self.head.bias, -2.0)  # about the share of unseen cells that are occupied
        self.to(memory_format=torch.channels_last_3d)  # 1.2 to 1.6 times as fast on a CPU

    @classmethod
    def configured(cls, config: VoxelUNetConfig, samples: Samples) -> VoxelUNetConfig:
        """Return ``config`` with the side of the grids and the rim that is empty in all of them."""
        if not isinstance(samples, Voxels) or not samples.bits.any():
            return config
        union = unpack(torch.from_numpy(np.bitwise_or.reduce(samples.bits, axis=0))[None], samples.side)[0]
        reach = union.any(2).any(1) | union.any(2).any(0) | union.any(1).any(0)  # (V,) slices along x, y, z
        occupied = reach.nonzero()[:, 0]
        rim = int(min(occupied.min(), samples.side - 1 - occupied.max()))
        return replace(config, cells=samples.side, rim=rim)

    def check(self, samples: Samples) -> None:
        """Check that the grids have the side of the training.

        Raises:
            DataError: they have another.
        """
        if isinstance(samples, Voxels):
            self._check_side(samples.side)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``voxels`` (B, 30, 30, 30) bool, see ``random_cuboids``."""
        return {"voxels": random_cuboids(batch_size)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Damage each shape, turn or mirror it, and compute the cross-entropy of its unseen cells.

        Args:
            batch: ``voxels`` (B, V, V, V) bool.
            draws: source of damage and symmetry.

        Returns:
            the player ``repair``; ``wrong_cells`` is the mean number of cells on the wrong side of 0.5.
        """
        whole = apply_symmetry(batch["voxels"], draws.integers(0, NUM_SYMMETRIES, len(batch["voxels"])))
        seen = damage(whole, self.config, draws)
        target, known = self._crop(whole), self._crop(seen)
        logits = self._decode(*self._encode(known))
        losses = F.binary_cross_entropy_with_logits(logits, target.float(), reduction="none")
        loss = (losses * ~known).sum() / (CELLS_PER_LOSS * len(whole))
        wrong = (((logits.detach() > 0) | known) != target).sum() / len(whole)
        return Losses({"repair": loss}, {"wrong_cells": wrong})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of the whole grid.

        ``bottleneck`` (default) is the coarsest level as it is; ``stages`` the mean and maximum of all three levels
        over space; ``middle`` the middle level, averaged over blocks of 2 a side.

        Raises:
            UsageError: there is no such layer.
            DataError: the grids have another side than those of the training.
        """
        chosen = self.chosen(layer)
        fine, middle, coarse = self._encode(self._crop(batch["voxels"]))
        if chosen == "stages":
            return torch.cat(
                [pooled for x in (fine, middle, coarse) for pooled in (x.mean((2, 3, 4)), x.amax((2, 3, 4)))], 1
            )
        return coarse.flatten(1) if chosen == "bottleneck" else F.avg_pool3d(middle, 2).flatten(1)

    def repair(self, voxels: Tensor) -> Tensor:
        """Return (B, V, V, V) probabilities of occupied cells, from bool grids; what is seen stays at 1.

        Raises:
            DataError: the grids have another side than those of the training.
        """
        whole = self._averaged(lambda turn: self._encode(self._crop(turn(voxels))), len(voxels))
        return torch.maximum(whole, voxels.float())

    def blend(self, first: Tensor, second: Tensor, weight: float) -> Tensor:
        """Return (B, V, V, V) probabilities decoded between two shapes; all levels are mixed, the skips too.

        Raises:
            DataError: the grids have another side than those of the training.
        """

        def between(turn: Turn) -> Levels:
            ends = [self._encode(self._crop(turn(voxels))) for voxels in (first, second)]
            fine, middle, coarse = (torch.lerp(one, other, weight) for one, other in zip(*ends, strict=True))
            return fine, middle, coarse

        return torch.maximum(self._averaged(between, len(first)), torch.lerp(first.float(), second.float(), weight))

    def _averaged(self, levels: Callable[[Turn], Levels], num: int) -> Tensor:
        """Return (B, V, V, V) mean probabilities decoded from the levels of turned and mirrored grids."""
        decoded = []
        for number in range(self.config.symmetries):
            same = torch.full((num,), number, device=self.place.device)
            logits = self._decode(*levels(partial(apply_symmetry, number=same)))
            decoded.append(undo_symmetry(self._uncrop(logits.sigmoid()), same))
        return torch.stack(decoded).mean(0)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return AdamW with a linear warm-up and a cosine to zero."""
        weights = [parameter for parameter in self.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in self.parameters() if parameter.ndim <= 1]
        groups = [
            {"params": weights, "weight_decay": self.config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.config.learning_rate, betas=(0.9, 0.99), fused=True)
        warm_up: float = max(self.config.warm_up * num_steps, 1)

        def rate(update: int) -> float:
            if update < warm_up:
                return (update + 1) / (warm_up + 1)
            return 0.5 + 0.5 * math.cos(math.pi * (update - warm_up) / max(num_steps - warm_up, 1))

        return {"repair": Optimization(optimizer, LambdaLR(optimizer, rate))}

    def _crop(self, voxels: Tensor) -> Tensor:
        """Cut the rim of (B, V, V, V) off and fill up to a multiple of the coarsest block: (B, U, U, U)."""
        self._check_side(voxels.shape[1])
        rim, room = self.config.rim, 2 * self.blocks - self.inner
        kept = slice(rim, self.config.cells - rim)
        return F.pad(voxels[:, kept, kept, kept], (0, room) * 3)

    def _check_side(self, side: int) -> None:
        wanted = self.config.cells
        if side != wanted:
            raise DataError(
                f"this network reads grids of {wanted} cells a side; these have {side}: "
                f"resample them with --side {wanted}"
            )

    def _uncrop(self, inner: Tensor) -> Tensor:
        """Undo ``_crop``; the rim is 0."""
        kept = slice(0, self.inner)
        return F.pad(inner[:, kept, kept, kept], (self.config.rim,) * 6)

    def _encode(self, seen: Tensor) -> Levels:
        """Map (B, U, U, U) bool to the features of the three levels, each (B, C, N, N, N)."""
        grid = seen.float()
        between, statistics = gaps(grid)
        maps = torch.cat([blocks_to_channels(grid[:, None], 2), between, coordinates(between)], 1)
        nearby = torch.stack([closing(seen).float(), box_mean(grid, 1), box_mean(grid, 2)], 1)
        stem = self.stem(maps.contiguous(memory_format=torch.channels_last_3d))
        stem = stem + self.evidence(blocks_to_channels(nearby, 2))
        fine = self.encoder_fine(stem + self.statistics(statistics)[:, :, None, None, None])
        middle = self.encoder_middle(self.down_fine(fine) + self.place)
        return fine, middle, self.bottleneck(self.down_middle(middle))

    def _decode(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> Tensor:
        """Map the features of the three levels to (B, U, U, U) logits."""
        middle = self.decoder_middle(self.up_middle(coarse, middle))
        fine = self.decoder_fine(self.up_fine(middle, fine))
        return channels_to_blocks(self.head(F.relu(self.norm(fine))), 2)[:, 0]


def damage(voxels: Tensor, config: VoxelUNetConfig, draws: Draws) -> Tensor:
    """Damage each shape in one of four ways, drawn by the shares of the config.

    Args:
        voxels: (B, V, V, V) bool.
        config: shares and levels.
        draws: source of randomness; the numbers of every kind are drawn for every sample, so that which numbers a
            sample gets does not depend on the others.

    Returns:
        (B, V, V, V) bool.
    """
    num = len(voxels)
    shares = torch.tensor([config.random, config.slices, config.half, config.view], device=voxels.device)
    kind = torch.bucketize(draws.uniform(num), (shares / shares.sum()).cumsum(0)[:-1], right=True)
    fraction = 0.05 + (config.most_random - 0.05) * draws.uniform(num, 1, 1, 1)
    kept = voxels & (draws.uniform(num, *voxels.shape[1:]) >= fraction)
    sliced = remove_slices(voxels, draws.integers(1, config.most_slices + 1, num), draws)
    cut = remove_half(voxels, draws)
    angles = cameras(num, draws)
    seen = torch.stack([kept, sliced, cut, voxels])[kind, torch.arange(num, device=voxels.device)]
    viewed = (kind == 3).nonzero()[:, 0]  # the dearest kind is computed where it is wanted alone
    if len(viewed):
        seen[viewed] = visible(voxels[viewed], *angles[viewed].unbind(1))
    return seen


def paper() -> Recipe:
    """Widen the network and train it long, for a GPU; not run yet.

    Command: ``lessup train voxel-unet --data DATA --out RUN --recipe paper``.
    """
    config = VoxelUNetConfig(
        widths=(64, 128, 256),
        encoder_units=(2, 3, 4),
        decoder_units=(2, 3),
        symmetries=8,
        random=0.3,
        slices=0.25,
        half=0.2,
        view=0.25,
        learning_rate=2e-3,
        weight_decay=0.05,
    )
    return Recipe(config=config, training=Training(steps=40_000, batch_size=32, ema_decay=0.999, clip_norm=1.0))


def cpu() -> Recipe:
    """Train in a quarter of an hour on two cores (877 s measured); the scores stand in docs/results-shapes.md.

    Command: ``lessup train voxel-unet --recipe cpu --data DATA --out RUN``.
    """
    return Recipe(config=VoxelUNetConfig(), training=Training(steps=8_000, batch_size=4, clip_norm=1.0))


def long() -> Recipe:
    """Train for 37 minutes or more on two cores: as ``cpu``, with more updates, halves and views.

    Command: ``lessup train voxel-unet --recipe long --data DATA --out RUN``.
    """
    config = VoxelUNetConfig(random=0.4, slices=0.25, half=0.15, view=0.2)
    return Recipe(config=config, training=Training(steps=36_000, batch_size=4, clip_norm=1.0))


def quickstart() -> Recipe:
    """Train for two minutes on two cores: shows the way, not the score.

    Command: ``lessup train voxel-unet --recipe quickstart --data furniture --out RUN``.
    """
    config = VoxelUNetConfig(symmetries=1)
    return Recipe(config=config, training=Training(steps=1_000, batch_size=4, clip_norm=1.0))
