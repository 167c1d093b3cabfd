"""context-prediction: a network sees two patches of a photograph and learns on which side of the one the other lies.

Carl Doersch, Abhinav Gupta, Alexei A. Efros, *Unsupervised Visual Representation Learning by Context Prediction*, 2015,
https://arxiv.org/abs/1505.05192. Network, patches and training follow the authors' released code.

*Differs from the paper:* the loss is averaged, and the learning rate multiplied to match; patches, and the whole images
that are encoded later, lose their mean colour; a grid has a largest size. The ``cpu`` recipe cuts small patches out of
small images for a small backbone; its docstring says more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup import backbones
from lessup.errors import DataError, UsageError
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.transforms.crops import resize_whole
from lessup.transforms.draws import Draws
from lessup.transforms.patch_colour import drop_colours, equal_rms, project_colours
from lessup.transforms.patch_grid import (
    NUM_POSITIONS,
    coarsen,
    coarsening,
    cut_patches,
    neighbour_pairs,
    patch_boxes,
)


@dataclass(frozen=True, kw_only=True)
class ContextPredictionConfig:
    """Network, patches and optimiser.

    Attributes:
        backbone: network that both patches go through.
        layer: the last of its stages that is used; those behind it are left out.
        fc6: width of a linear layer that both patches go through next; 0 where ``layer`` is one already.
        fc7: width of the layer that joins the two patches.
        fc8: width of the layer before the answer.
        channels: of the images, filled in from the data.
        pixels: least and largest area that an image is resized to.
        patch: side of a patch, in pixels of the resized image like the lengths below.
        gap: distance between two patches.
        jitter: patches move by up to so many pixels along both axes.
        grid: largest number of patches on a side of a grid, at least 2.
        num_grids: grids an image.
        coarse: share of the patches that are shrunk and enlarged again.
        smallest: shortest side to which they are shrunk.
        fringes: what becomes of the colours that a lens parts: ``drop`` makes noise of all channels of a patch but
            one, ``project`` takes the difference between green and magenta out of every image, ``keep`` keeps it.
        optimizer: ``sgd`` at a constant rate, or ``adamw``, whose rate rises at first and falls along a cosine.
        learning_rate: its peak; the released 1e-5 is of a sum over the 2,688 pairs of 8 images.
        momentum: of SGD.
        weight_decay: of AdamW.
    """

    backbone: str = "alexnet-context"
    layer: str = "fc6"
    fc6: int = 0
    fc7: int = 4096
    fc8: int = 4096
    channels: int = 3
    pixels: tuple[int, int] = (150_000, 450_000)
    patch: int = 96
    gap: int = 48
    jitter: int = 7
    grid: int = 4
    num_grids: int = 4
    coarse: float = 0.33
    smallest: int = 10
    fringes: Literal["drop", "project", "keep"] = "drop"
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.02688
    momentum: float = 0.0
    weight_decay: float = 0.0


class ContextPrediction(ImageEncoder):
    """One network for both patches up to fc6, then three layers that see both."""

    Config: ClassVar = ContextPredictionConfig
    paper: ClassVar = (
        "Carl Doersch, Abhinav Gupta, Alexei A. Efros, Unsupervised Visual Representation Learning by Context "
        "Prediction, 2015, https://arxiv.org/abs/1505.05192"
    )
    reads: ClassVar = ("image", "extent")
    chance: ClassVar = {"accuracy": 100 / NUM_POSITIONS}

    coarsening: Tensor
    middle: Tensor
    beside: Tensor
    position: Tensor

    def __init__(self, config: ContextPredictionConfig) -> None:
        super().__init__()
        _check(config)
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels).until(config.layer)
        self.backbone.to(memory_format=torch.channels_last)  # 1.2 times as fast on a CPU
        width = self._backbone_width()
        self.fc6 = Shared(width, config.fc6) if config.fc6 else nn.Flatten()
        self.fc7 = Joined(config.fc6 or width, config.fc7)
        self.fc8 = nn.Linear(config.fc7, config.fc8)
        self.fc9 = nn.Linear(config.fc8, NUM_POSITIONS)
        for layer in (self.fc8, self.fc9):
            _xavier(layer, fan=layer.in_features)
            nn.init.zeros_(layer.bias)
        tables = (coarsening(config.patch, config.smallest), *neighbour_pairs(config.grid, config.num_grids))
        for name, table in zip(("coarsening", "middle", "beside", "position"), tables, strict=True):
            self.register_buffer(name, table, persistent=False)

    @classmethod
    def configured(cls, config: ContextPredictionConfig, samples: Samples) -> ContextPredictionConfig:
        """Return ``config`` with the number of channels of the images.

        Raises:
            DataError: colours are to be projected, and the images are not red, green and blue.
        """
        if not isinstance(samples, Images):
            return config
        if config.fringes == "project" and samples.channels != 3:
            raise DataError(
                f"--fringes project is for red, green and blue; these images have {samples.channels} channels: "
                "pass --fringes drop or keep"
            )
        return replace(config, channels=samples.channels)

    @property
    def shortest_side(self) -> int:
        """Pixels of two patches and the gap between them."""
        config: ContextPredictionConfig = self.config
        return 2 * config.patch + config.gap

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, its default first, and ``fc6`` where it is not among them."""
        return (*super().layers, *(["fc6"] if self.config.fc6 else []))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 240, 240) of random pixels and their ``extent``."""
        return {"image": torch.rand(batch_size, 3, 240, 240), "extent": torch.full((batch_size, 2), 240)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Cut grids of patches and compute the cross-entropy of where neighbours lie; in eval mode none is shrunk.

        Args:
            batch: ``image`` (B, C, H, W) and ``extent`` (B, 2).
            draws: source of the grids and of what hides shortcuts.

        Returns:
            the player ``position``, summed over pairs and divided by how many pairs full grids have, so that images
            weigh alike on any number of processes; ``accuracy`` is the share of right answers in percent, averaged
            over the eight positions, of which a grid has not equally many pairs.
        """
        config = self.config
        boxes, present = patch_boxes(
            batch["extent"],
            draws,
            pixels=config.pixels,
            patch=config.patch,
            gap=config.gap,
            jitter=config.jitter,
            most=config.grid,
            num_grids=config.num_grids,
        )
        patches = self._hidden(cut_patches(batch["image"], boxes, config.patch), draws)  # (B, P, C, S, S)
        codes = self._codes(patches[present])
        row = present.flatten().cumsum(0).view_as(present) - 1  # (B, P), of each patch among the codes
        both = present[:, self.middle] & present[:, self.beside]  # (B, M)
        joined = self.fc7(codes, row[:, self.middle][both], row[:, self.beside][both])
        logits = self.fc9(F.relu(self.fc8(joined)))
        position = self.position.expand_as(both)[both]
        loss = F.cross_entropy(logits, position, reduction="sum") / both.numel()
        return Losses({"position": loss}, {"accuracy": 100 * _mean_accuracy(logits.detach(), position)})

    def scaled(self, image: Tensor) -> Tensor:
        """Take the mean colour out of (B, C, H, W) images and give them one contrast, in the backbone's unit."""
        image = image - image.mean((2, 3), keepdim=True)
        if self.config.fringes == "project":
            image = project_colours(image)
        return equal_rms(image) / image.new_tensor(self.backbone.std).view(-1, 1, 1)

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images; for a ``fc6`` behind the backbone they are resized to a patch.

        Raises:
            UsageError: there is no such layer.
        """
        if self.chosen(layer) in self.backbone.layers:
            return super().encode(batch, layer)
        return self._codes(self.scaled(resize_whole(batch["image"], batch["extent"], (self.config.patch,) * 2)))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD at a constant rate, or AdamW whose rate rises and falls along a cosine."""
        config = self.config
        if config.optimizer == "adamw":
            return {"position": adamw_with_cosine(self, config.learning_rate, config.weight_decay, num_steps)}
        sgd = torch.optim.SGD(self.parameters(), lr=config.learning_rate, momentum=config.momentum)
        return {"position": Optimization(sgd)}

    def _hidden(self, patches: Tensor, draws: Draws) -> Tensor:
        """Hide from (B, P, C, S, S) patches what would give their place away without looking at what they show."""
        if self.training:
            patches = coarsen(patches, self.coarsening, draws, share=self.config.coarse)
        return drop_colours(patches, draws) if self.config.fringes == "drop" else patches

    def _codes(self, patches: Tensor) -> Tensor:
        """Map (N, C, S, S) patches in [0, 1] to what each says by itself, (N, D)."""
        scaled = self.scaled(patches).contiguous(memory_format=torch.channels_last)
        return self.fc6(self.backbone(scaled))  # type: ignore[no-any-return]

    def _backbone_width(self) -> int:
        """Return how many numbers the backbone makes of a patch."""
        config = self.config
        patch = torch.zeros(1, config.channels, config.patch, config.patch)
        try:
            with torch.no_grad():
                return self.backbone.eval()(patch).numel()  # type: ignore[no-any-return]
        except RuntimeError as error:
            raise UsageError(
                f"patches of {config.patch} pixels do not go through {config.backbone} up to {config.layer}, which is "
                f"made for {self.backbone.side}: pass another --patch, or an earlier --layer and --fc6 {config.fc7}"
            ) from error
        finally:
            self.backbone.train()


class Shared(nn.Sequential):
    """Linear layer, normalisation without gain and bias, ReLU; after the maps of a small backbone."""

    def __init__(self, fan: int, width: int) -> None:
        linear = nn.Linear(fan, width, bias=False)
        _xavier(linear, fan=fan)
        super().__init__(nn.Flatten(), linear, nn.BatchNorm1d(width, affine=False), nn.ReLU())


class Joined(nn.Module):
    """The same for two codes side by side, computed once for every patch instead of once for every pair."""

    def __init__(self, fan: int, width: int) -> None:
        super().__init__()
        self.middle = nn.Linear(fan, width, bias=False)
        self.beside = nn.Linear(fan, width, bias=False)
        self.norm = nn.BatchNorm1d(width, affine=False)
        for half in (self.middle, self.beside):
            _xavier(half, fan=2 * fan)

    def forward(self, codes: Tensor, middle: Tensor, beside: Tensor) -> Tensor:
        """Map (N, D) codes of patches, and (M,) numbers of both patches of each pair, to (M, width)."""
        return F.relu(self.norm(self.middle(codes)[middle] + self.beside(codes)[beside]))


def _xavier(layer: nn.Linear, *, fan: int) -> None:
    """Draw weights as Caffe's filler does."""
    nn.init.uniform_(layer.weight, -math.sqrt(3 / fan), math.sqrt(3 / fan))


def _mean_accuracy(logits: Tensor, position: Tensor) -> Tensor:
    """Return the () share of right answers, averaged over the positions."""
    right = (logits.argmax(1) == position).float()
    share = torch.zeros(NUM_POSITIONS, device=position.device).scatter_reduce(
        0, position, right, "mean", include_self=False
    )
    return share.mean()


def _check(config: ContextPredictionConfig) -> None:
    """Raise for settings that contradict one another."""
    if config.grid < 2 or config.num_grids < 1:
        raise UsageError(
            f"a grid of {config.grid} patches a side, {config.num_grids} an image: wanted 2 or more, and 1"
        )
    if not 1 <= config.smallest <= config.patch or config.gap < 0 or config.jitter < 0 or not 0 <= config.coarse <= 1:
        raise UsageError(
            f"patches of {config.patch} pixels shrunk to {config.smallest}, gap {config.gap}, jitter {config.jitter}, "
            f"share {config.coarse}: wanted a smallest side up to that of a patch, lengths from 0 and a share up to 1"
        )
    if not 1 <= config.pixels[0] <= config.pixels[1]:
        raise UsageError(f"images of {config.pixels[0]} to {config.pixels[1]} pixels: wanted the smaller area first")
    if config.fringes == "project" and config.channels != 3:
        raise UsageError(f"--fringes project is for 3 channels, not {config.channels}: pass --fringes drop or keep")


def paper() -> Recipe:
    """Follow the released code, 8 images of 4 grids an update; weeks on a GPU of 2015, not run.

    Command: ``lessup train context-prediction --data DATA --size 500 --out RUN --recipe paper``.
    """
    return Recipe(
        config=ContextPredictionConfig(),
        training=Training(steps=1_700_000, batch_size=8, log_every=100, checkpoint_every=5_000),
    )


def cpu() -> Recipe:
    """Train on images of 64 pixels a side in 20 minutes on one core: 42 % right answers on Tiny-ImageNet, chance 12.5.

    Command: ``lessup train context-prediction --data DATA --out RUN --recipe cpu``.

    Grids of 2 x 2 patches of 24 pixels, half a patch apart as in the paper, go through the convolutions of
    ``alexnet-small`` at the scale at which whole images go through them later. With 3 x 3 patches of 16 pixels, a
    quarter of the image as in the paper, it was 29 %.
    """
    config = ContextPredictionConfig(
        backbone="alexnet-small",
        layer="conv5",
        fc6=512,
        fc7=512,
        fc8=256,
        pixels=(4096, 4096),
        patch=24,
        gap=12,
        jitter=2,
        grid=2,
        num_grids=1,
        smallest=12,
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=1e-4,
    )
    return Recipe(config=config, training=Training(steps=16_000, batch_size=32))
