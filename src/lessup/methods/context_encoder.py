"""context-encoder: a network sees an image with a hole and learns to paint what is missing from what lies around it.

Deepak Pathak, Philipp Krähenbühl, Jeff Donahue, Trevor Darrell, Alexei A. Efros, *Context Encoders: Feature Learning by
Inpainting*, 2016, https://arxiv.org/abs/1604.07379. There are two networks: ``inpainting``, as in the authors' released
code, whose pictures and PSNR the paper shows, and ``features``, AlexNet with a channel-wise fully connected layer,
whose features it transfers; the latter was not released and follows the paper.

*Differs from the paper:* painter and critic are updated from one graph, where the released code updates the critic
first and the painter with its older output; each image has its own random hole, where the released code has one for
the whole batch; random regions are those of the released code and not outlines from PASCAL VOC. Rates may fall at the
end of a run (``decay``), which they do not in the paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from lessup import backbones
from lessup.backbones import Backbone, dcgan
from lessup.backbones.channel_wise import ChannelWiseDecoder
from lessup.errors import UsageError
from lessup.losses.adversarial import discriminator_loss, generator_loss
from lessup.methods import Inpainter, Losses, Recipe
from lessup.optimization import Optimization
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.crops import crop_resize, mirrored
from lessup.transforms.draws import Draws
from lessup.transforms.holes import central_hole, random_blocks, random_regions
from lessup.transforms.squares import central_squares, random_squares

FILL = (117 / 255, 104 / 255, 123 / 255)
"""What the released code writes into holes, as red, green, blue; ImageNet's mean is 123, 117, 104 in that order."""


@dataclass(frozen=True, kw_only=True)
class ContextEncoderConfig:
    """The hyper-parameters of the released inpainting network; those of the features are the recipe ``paper_features``.

    Attributes:
        network: ``inpainting``, or ``features`` with a backbone and the channel-wise fully connected layer.
        backbone: of ``features``; what follows its last map is left out.
        image_side: S, pixels on each side of the image that ``inpainting`` sees, a power of two; ``features`` sees as
            many as its backbone was made for.
        load: pixels of the short side to which an image is brought before a square of S is cut out.
        width: channels of the largest maps of ``inpainting`` and of its critic.
        bottleneck: numbers of the code of ``inpainting``.
        hole: ``central`` (half of the side), ``block`` (several squares) or ``region`` (soft outlines).
        overlap: pixels at the rim of a central hole that are shown and painted all the same.
        overlap_weight: of the squared error of painted pixels that were shown: the rim of a central hole, or all
            others around a block or region. Missing pixels count 1, and so do pixels around a region in the released
            code.
        adversarial: weight of the critic in the painter's loss; reconstruction has the rest. 0 leaves the critic out.
        learning_rate: of the painter.
        critic_rate: learning rate of the critic.
        momentum: Adam's first beta; its second is 0.999.
        decay: share of the run, at its end, over which the rates fall to zero in a straight line.
        channels: C of the images, filled in from the data.
    """

    network: Literal["inpainting", "features"] = "inpainting"
    backbone: str = "alexnet-context-encoder"
    image_side: int = 128
    load: int = 350
    width: int = 64
    bottleneck: int = 4000
    hole: Literal["central", "block", "region"] = "central"
    overlap: int = 4
    overlap_weight: float = 10.0
    adversarial: float = 0.001
    learning_rate: float = 2e-3
    critic_rate: float = 2e-4
    momentum: float = 0.5
    decay: float = 0.0
    channels: int = 3


class ContextEncoder(Inpainter):
    """The painter, an encoder and a decoder, and the critic that tells its pictures from real ones.

    Attributes:
        backbone: the encoder.
        decoder: maps what the encoder gives to painted pixels, 0 to 1 seen as -1 to 1.
        critic: maps pixels, seen as -1 to 1, to (B,) logits that they are real; None without an adversarial loss.
    """

    Config: ClassVar = ContextEncoderConfig
    paper: ClassVar = (
        "Deepak Pathak, Philipp Krähenbühl, Jeff Donahue, Trevor Darrell, Alexei A. Efros, "
        "Context Encoders: Feature Learning by Inpainting, 2016, https://arxiv.org/abs/1604.07379"
    )
    reads: ClassVar = ("image", "extent")
    config: ContextEncoderConfig

    def __init__(self, config: ContextEncoderConfig) -> None:
        super().__init__()
        self.config = config
        _check(config)
        self.backbone = _encoder(config)
        self.decoder: nn.Module
        if config.network == "inpainting":
            side = config.image_side // 2 if config.hole == "central" else config.image_side
            self.decoder = dcgan.decoder(config.bottleneck, config.channels, side=side, width=config.width)
        else:
            side = self.backbone.side
            maps, size, _ = self.backbone.shapes[self.backbone.layers[-1]]
            self.decoder = ChannelWiseDecoder(maps, size, config.channels, side=side)
        first = (self.backbone.side - side) // 2
        self._window = slice(first, first + side)  # rows and columns that are painted
        self.critic = dcgan.critic(config.channels, side=side, width=config.width) if config.adversarial else None
        self.to(memory_format=torch.channels_last)  # about a tenth faster on a CPU
        if self._share > 1:
            raise UsageError(f"a square of {self.backbone.side} pixels of an image of --load {config.load}: load more")

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 40, 48) float32 of random pixels and ``extent`` (B, 2) int64."""
        return {"image": torch.rand(batch_size, 3, 40, 48), "extent": torch.tensor([[40, 48]]).repeat(batch_size, 1)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute what painter and critic lose on images with holes.

        Args:
            batch: ``image`` (B, C, H, W) in [0, 1] and ``extent`` (B, 2) int64.
            draws: source of the crops and the holes.

        Returns:
            the player ``painter`` and, with an adversarial loss, ``critic``. ``l2`` is the mean squared error of the
            missing pixels, of values in [0, 1]; ``real_score`` and ``painted_score`` are the critic's mean
            probabilities that real and painted pixels are real.
        """
        box = mirrored(random_squares(batch["extent"], self._share, draws), draws)
        image = crop_resize(batch["image"], box, (self.backbone.side, self.backbone.side))
        hole = self.holes(len(image), draws)
        painted = self._paint(image, hole)
        real, missing = 2 * self._seen(image) - 1, self._seen(hole)
        squared = (painted - real) ** 2
        reconstruction = (squared * self._weight(missing)[:, None]).mean()
        log = {"l2": (squared.detach() * missing[:, None]).sum() / (4 * image.shape[1] * missing.sum())}
        if self.critic is None:
            return Losses({"painter": reconstruction}, log)
        share = self.config.adversarial
        judged = self.critic(painted)
        scores = {"real_score": self.critic(real), "painted_score": self.critic(painted.detach())}
        log |= {name: logit.detach().sigmoid().mean() for name, logit in scores.items()}
        players = {
            "painter": (1 - share) * reconstruction + share * generator_loss(judged),
            "critic": discriminator_loss(*scores.values()),
        }
        return Losses(players, log)

    def squares(self, batch: Batch) -> Tensor:
        """Return (B, C, S, S) in [0, 1]: the middle of each image, as large as the squares of training."""
        side = self.backbone.side
        return crop_resize(batch["image"], central_squares(batch["extent"], self._share), (side, side))

    def holes(self, count: int, draws: Draws) -> Tensor:
        """Return (B, S, S) bool, True where pixels are missing."""
        side = self.backbone.side
        if self.config.hole == "central":
            middle = central_hole(side, hole=side // 2 - 2 * self.config.overlap)
            return middle.to(draws.device).expand(count, -1, -1)
        return (random_blocks if self.config.hole == "block" else random_regions)(count, side, draws)

    def inpaint(self, image: Tensor, hole: Tensor) -> Tensor:
        """Return (B, C, S, S) in [0, 1], painted where ``hole`` (B, S, S) is True and unchanged elsewhere.

        A network for central holes paints no pixel outside the middle; there a hole keeps the colour of the fill.
        """
        filled = self._fill(image, hole)
        painted = filled.clone()
        self._seen(painted).copy_((self._paint(image, hole) + 1) / 2)
        return torch.where(hole[:, None], painted.clamp(0, 1), image)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return Adam for the painter and for the critic."""
        painter = [*self.backbone.parameters(), *self.decoder.parameters()]
        players = {"painter": self._adam(painter, self.config.learning_rate, num_steps)}
        if self.critic is not None:
            players["critic"] = self._adam([*self.critic.parameters()], self.config.critic_rate, num_steps)
        return players

    @property
    def _share(self) -> float:
        """Side of a square over the short side of its image."""
        return self.backbone.side / self.config.load

    def _seen(self, image: Tensor) -> Tensor:
        """Return the part of (..., S, S) that is painted."""
        return image[..., self._window, self._window]

    def _fill(self, image: Tensor, hole: Tensor) -> Tensor:
        """Return (B, C, S, S) with one colour in the hole."""
        colour = FILL if self.config.network == "inpainting" else self.backbone.mean
        if len(colour) not in (1, image.shape[1]):
            colour = (sum(colour) / len(colour),)
        return torch.where(hole[:, None], image.new_tensor(colour).view(-1, 1, 1), image)

    def _paint(self, image: Tensor, hole: Tensor) -> Tensor:
        """Return the painted part of each image, values seen as -1 to 1, from what lies around the hole."""
        painted: Tensor = self.decoder(self.backbone(self.backbone.normalised(self._fill(image, hole))))
        return painted

    def _weight(self, missing: Tensor) -> Tensor:
        """Return the weights of squared errors, from which of the painted pixels are missing."""
        return torch.where(missing, 1.0, self.config.overlap_weight)

    def _adam(self, weights: list[nn.Parameter], rate: float, num_steps: int) -> Optimization:
        optimizer = torch.optim.Adam(weights, lr=rate, betas=(self.config.momentum, 0.999), fused=True)
        return Optimization(optimizer, LambdaLR(optimizer, lambda update: self._rate(update / num_steps)))

    def _rate(self, share: float) -> float:
        """Return the factor of the learning rate after a share of the run."""
        return min(1.0, (1 - share) / self.config.decay) if self.config.decay else 1.0


def _check(config: ContextEncoderConfig) -> None:
    """Raise for settings that do not go together."""
    side = config.image_side
    if side < 16 or side & (side - 1):
        raise UsageError(f"--image-side {side}: wanted a power of two, 16 or more")
    if config.hole == "central" and not 0 <= config.overlap < side // 4:
        raise UsageError(f"--overlap {config.overlap} leaves nothing of a hole of {side // 2} pixels: lower it")
    if not 0 <= config.adversarial < 1 or not 0 <= config.decay <= 1:
        raise UsageError("wanted --adversarial from 0 to below 1 and --decay from 0 to 1")
    if config.network == "features" and config.adversarial:
        raise UsageError("the network 'features' learns by reconstruction alone: pass --adversarial 0")


def _encoder(config: ContextEncoderConfig) -> Backbone:
    """Return the released inpainting network's encoder, or a backbone up to its last map."""
    if config.network == "inpainting":
        side, channels = config.image_side, config.channels
        stages = dcgan.encoder_stages(channels, side=side, width=config.width, code=config.bottleneck)
        return Backbone(stages, side=side, channels=channels, default="bottleneck", std=(0.5,))
    whole = backbones.build(config.backbone, channels=config.channels)
    return whole.until([name for name, shape in whole.shapes.items() if len(shape) == 3][-1])


def paper() -> Recipe:
    """Follow the released code on Paris StreetView's 14,900 images: 500 passes in batches of 64; no recipe for a CPU.

    Command: ``lessup train context-encoder --data IMAGES --out RUN --recipe paper --size 350``.
    """
    return Recipe(config=ContextEncoderConfig(), training=Training(steps=116_500, batch_size=64))


def paper_features() -> Recipe:
    """Follow the paper on ImageNet: 100,000 updates of AlexNet with a channel-wise layer; no recipe for a CPU.

    Command: ``lessup train context-encoder --data IMAGES --out RUN --recipe paper_features``.
    """
    config = ContextEncoderConfig(
        network="features", load=256, hole="region", overlap_weight=0.0, adversarial=0.0, learning_rate=1e-3
    )
    return Recipe(config=config, training=Training(steps=100_000, batch_size=256))


def cpu() -> Recipe:
    """Fill the middle of small photographs with both losses: 26 minutes of one core in bfloat16, 16.6 dB on Caltech.

    Command: ``lessup train context-encoder --data caltech101-96px.tar --out RUN --recipe cpu``. Reconstruction alone:
    ``--adversarial 0``, 15 minutes and 17.3 dB.
    """
    config = ContextEncoderConfig(
        image_side=64,
        load=72,
        width=32,
        bottleneck=512,
        overlap=2,
        learning_rate=1e-3,
        critic_rate=1e-4,
        decay=0.5,
    )
    return Recipe(config=config, training=Training(steps=4_000, batch_size=64))


def features() -> Recipe:
    """Learn features of small photographs on two cores.

    Command: ``lessup train context-encoder --data tiny-imagenet-100per.tar --out RUN --recipe features``.
    """
    config = ContextEncoderConfig(
        network="features",
        backbone="alexnet-small",
        load=72,
        hole="region",
        overlap_weight=0.0,
        adversarial=0.0,
        learning_rate=1e-3,
        momentum=0.9,
        decay=0.5,
    )
    return Recipe(config=config, training=Training(steps=4_000, batch_size=128))
