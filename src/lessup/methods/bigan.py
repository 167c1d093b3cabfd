"""bigan: a generator draws images from codes, an encoder reads codes off images, and a discriminator judges the pairs.

Jeff Donahue, Philipp Krähenbühl, Trevor Darrell, *Adversarial Feature Learning*, 2017,
https://arxiv.org/abs/1605.09782. Where the paper is silent, networks and training follow the authors' released code.
The paper's baselines are settings of the same players: ``variant``.

*Differs from the paper:* the statistics with which batch normalisation evaluates are running averages of the training
batches and not taken anew over 1,000 batches, so that a checkpoint holds them; the last layers of the discriminator
and of the latent regressor begin at N(0, 0.02) like all others and not at zero; the rate decays by the update and not
by the epoch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones.batch_statistics import statistics_kept
from lessup.backbones.bigan_players import IMAGE_SIDE, ConvDiscriminator, ConvGenerator, MLPDiscriminator
from lessup.backbones.mlp_bigan import SIDE, MLPGenerator, linear
from lessup.errors import UsageError
from lessup.losses.adversarial import discriminator_loss, generator_loss, swapped_loss
from lessup.methods import ImageGenerator, Losses, Recipe
from lessup.optimization import Optimization, adam_with_exponential_end
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.crops import crop_resize
from lessup.transforms.draws import Draws
from lessup.transforms.squares import random_squares

REGRESSORS = ("latent-regressor", "joint-latent-regressor")
"""Variants whose encoder guesses the codes of generated images."""


@dataclass(frozen=True, kw_only=True)
class BiGANConfig:
    """The published hyper-parameters of the MNIST experiments; those of ImageNet are the recipe ``images``.

    Attributes:
        variant: ``bigan``, or one of the paper's baselines. ``discriminator`` has no encoder: its features are those
            of the discriminator of plain images. ``latent-regressor`` has an encoder that guesses the codes of
            generated images; in ``joint-latent-regressor`` the generator helps it.
        players: generator and discriminator: ``mlp`` for 28 x 28 pixels, ``dcgan`` for 64 x 64.
        backbone: name of the network that becomes the encoder, or the discriminator in the variant of that name.
        layer: of the backbone, from which the code is read; the rest is left out.
        code: numbers of a code, each from U(-1, 1).
        width: maps of 32 pixels a side of the players ``dcgan``; 64 as published.
        crop: share of the short side that a random square of a training image has.
        latent_weight: of the regressor's loss in what the generator minimises in ``joint-latent-regressor``.
        learning_rate: of Adam, for all players.
        momentum: Adam's first beta; its second is 0.999.
        weight_decay: L2 in the gradient, for all weights but the gains of batch normalisation.
        constant: share of the run at the full rate, before it decays exponentially.
        final_rate: share of the learning rate that is left at the end.
        channels: C of the images, filled in from the data.
    """

    variant: Literal["bigan", "discriminator", "latent-regressor", "joint-latent-regressor"] = "bigan"
    players: Literal["mlp", "dcgan"] = "mlp"
    backbone: str = "mlp-bigan"
    layer: str = "fc2"
    code: int = 50
    width: int = 64
    crop: float = 1.0
    latent_weight: float = 0.25
    learning_rate: float = 2e-4
    momentum: float = 0.5
    weight_decay: float = 2.5e-5
    constant: float = 0.5
    final_rate: float = 0.01
    channels: int = 1


class BiGAN(ImageGenerator):
    """The players and what they lose.

    Attributes:
        backbone: the encoder's network, up to the layer before the code; the discriminator's in that variant.
        head: maps that layer to the logits of a code, or to the discriminator's logit in that variant.
        generator: maps (B, D) codes in [-1, 1] to images in [0, 1].
        discriminator: maps images, and codes in ``bigan``, to (B,) logits; in the variant of that name None, for there
            backbone and head are it.
    """

    Config: ClassVar = BiGANConfig
    paper: ClassVar = (
        "Jeff Donahue, Philipp Krähenbühl, Trevor Darrell, Adversarial Feature Learning, 2017, "
        "https://arxiv.org/abs/1605.09782"
    )
    reads: ClassVar = ("image", "extent")
    config: BiGANConfig

    def __init__(self, config: BiGANConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels).until(config.layer)
        features = math.prod(self.backbone.shapes[config.layer])
        self.head = linear(features, config.code if self.encodes else 1)
        self.side = SIDE if config.players == "mlp" else IMAGE_SIDE
        self.generator = _generator(config)
        self.discriminator = _discriminator(config) if self.encodes else None
        self.to(memory_format=torch.channels_last)  # 1.2 times as fast on a CPU
        self._check_sides()

    @property
    def encodes(self) -> bool:
        """Tell whether there is an encoder."""
        return self.config.variant != "discriminator"

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, that before the code first, and ``code`` if there is an encoder."""
        return (*super().layers, *(("code",) if self.encodes else ()))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 1, 28, 28) float32 of random pixels and ``extent`` (B, 2) int64."""
        return {"image": torch.rand(batch_size, 1, 28, 28), "extent": torch.full((batch_size, 2), 28)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute what all players lose, from one graph and before any of them moves.

        Args:
            batch: ``image`` (B, C, H, W) in [0, 1] and ``extent`` (B, 2) int64.
            draws: source of the crops and of the codes.

        Returns:
            the players ``discriminator`` and ``generator``; the latter moves the encoder too. ``real_score`` and
            ``generated_score`` are the discriminator's mean probabilities that a sample is real; ``latent_error`` is
            the regressor's loss in the variants that have one.
        """
        box = random_squares(batch["extent"], self.config.crop, draws)
        real = crop_resize(batch["image"], box, (self.side, self.side))
        prior = self._prior(len(real), draws)
        generated = self.generator(prior)
        joint = self.config.variant == "bigan"
        real_logit = self._judge(real, self._code(self._seen(batch["image"], box, real)) if joint else None)
        with statistics_kept(self.judge):  # real and generated are normalised apart, and only real ones evaluated
            generated_logit = self._judge(generated, prior)
        scores = {"real_score": real_logit, "generated_score": generated_logit}
        log = {name: logit.detach().sigmoid().mean() for name, logit in scores.items()}
        made = swapped_loss(real_logit, generated_logit) if joint else generator_loss(generated_logit)
        if self.config.variant in REGRESSORS:
            weight, error = self._latent_error(real, generated, prior)
            made, log["latent_error"] = made + weight * error, error.detach()
        return Losses({"discriminator": discriminator_loss(real_logit, generated_logit), "generator": made}, log)

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images: of the layer before the code (default), an earlier one, or ``code``.

        Raises:
            UsageError: there is no such layer.
        """
        if layer == "code" and self.encodes:
            return self._code(self.prepared(batch))
        return super().encode(batch, layer)

    def reconstruct(self, batch: Batch) -> Tensor:
        """Return (B, C, S, S) images in [0, 1] that the generator makes from the codes of whole images.

        Raises:
            UsageError: the variant has no encoder.
        """
        if not self.encodes:
            raise UsageError("the variant 'discriminator' has no encoder to read codes with: train another variant")
        images: Tensor = self.generator(self.encode(batch, "code"))
        return images

    def draw(self, count: int, draws: Draws) -> Tensor:
        """Return (B, C, S, S) images in [0, 1] that the generator makes from random codes."""
        images: Tensor = self.generator(self._prior(count, draws))
        return images

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return Adam for each player; the rate is constant at first and then decays exponentially."""
        makers = [self.generator, *([self.backbone, self.head] if self.encodes else [])]
        players = {"discriminator": self.judge, "generator": nn.ModuleList(makers)}
        return {name: self._adam(player, num_steps) for name, player in players.items()}

    @property
    def judge(self) -> nn.Module:
        """The discriminator, whichever modules it is made of."""
        return self.discriminator or nn.ModuleList([self.backbone, self.head])

    def _judge(self, image: Tensor, code: Tensor | None) -> Tensor:
        """Return (B,) logits that (B, C, S, S) images in [0, 1], with their codes in ``bigan``, are real."""
        if self.discriminator is None:
            return self._logits(self.backbone.normalised(image)).squeeze(1)
        logit: Tensor = self.discriminator(image, code)
        return logit

    def _logits(self, normalised: Tensor) -> Tensor:
        """Map images as the backbone wants them to what the head makes of them."""
        logits: Tensor = self.head(self.backbone(normalised).flatten(1))
        return logits

    def _code(self, normalised: Tensor) -> Tensor:
        """Map images as the backbone wants them to (B, D) codes in [-1, 1], where those of the generator are."""
        return 2 * self._logits(normalised).sigmoid() - 1

    def _prior(self, count: int, draws: Draws) -> Tensor:
        return 2 * draws.uniform(count, self.config.code) - 1

    def _latent_error(self, real: Tensor, generated: Tensor, prior: Tensor) -> tuple[float, Tensor]:
        """Return the weight of the regressor's loss and the loss: the () cross-entropy of codes seen as probabilities.

        It is trained on generated images alone; the statistics of its evaluation are nevertheless those of real ones.
        """
        if self.training:
            with torch.no_grad():
                self.backbone(self.backbone.normalised(real))
        joint = self.config.variant == "joint-latent-regressor"
        with statistics_kept(self.backbone):
            logits = self._logits(self.backbone.normalised(generated if joint else generated.detach()))
        error = F.binary_cross_entropy_with_logits(logits, (prior + 1) / 2)
        return self.config.latent_weight if joint else 1.0, error

    def _seen(self, image: Tensor, box: Tensor, real: Tensor) -> Tensor:
        """Return the same crops as the backbone wants them; it may look closer than the discriminator."""
        side = self.backbone.side
        return self.backbone.normalised(real if side == self.side else crop_resize(image, box, (side, side)))

    def _check_sides(self) -> None:
        if self.config.variant != "bigan" and self.backbone.side != self.side:
            raise UsageError(
                f"in the variant {self.config.variant} the backbone reads what the generator makes: {self.side} pixels "
                f"a side; {self.config.backbone} reads {self.backbone.side}: choose another --backbone"
            )

    def _adam(self, player: nn.Module, num_steps: int) -> Optimization:
        config = self.config
        return adam_with_exponential_end(
            player,
            config.learning_rate,
            num_steps,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            constant=config.constant,
            final_rate=config.final_rate,
        )


def _generator(config: BiGANConfig) -> MLPGenerator | ConvGenerator:
    if config.players == "mlp":
        return MLPGenerator(config.channels, config.code)
    return ConvGenerator(config.channels, config.code, width=config.width)


def _discriminator(config: BiGANConfig) -> MLPDiscriminator | ConvDiscriminator:
    judged = config.code if config.variant == "bigan" else 0
    if config.players == "mlp":
        return MLPDiscriminator(config.channels, judged)
    return ConvDiscriminator(config.channels, judged, width=config.width)


def paper() -> Recipe:
    """Follow the paper on MNIST: 200 + 200 passes over its 60,000 images in batches of 128.

    Command: ``lessup train bigan --data MNIST --out RUN --recipe paper``. Half an hour on a Titan X of 2017.
    """
    return Recipe(config=BiGANConfig(), training=Training(steps=187_500, batch_size=128, checkpoint_every=10_000))


def mnist() -> Recipe:
    """Train on MNIST: 64 minutes on one busy core; 96.7 % by the nearest neighbour, where pixels have 96.9.

    Command: ``lessup train bigan --data MNIST --out RUN --recipe mnist``.
    """
    return Recipe(config=BiGANConfig(), training=Training(steps=30_000, batch_size=128, ema_decay=0.999))


def images() -> Recipe:
    """Follow the paper on ImageNet at 64 pixels: 50 + 50 passes over 1.28 million images; no recipe for a CPU.

    Command: ``lessup train bigan --data IMAGES --out RUN --recipe images``.
    """
    config = BiGANConfig(players="dcgan", backbone="alexnet-bigan-64", layer="conv5", code=200, crop=64 / 72)
    return Recipe(config=config, training=Training(steps=1_000_000, batch_size=128, checkpoint_every=10_000))


def cpu() -> Recipe:
    """Train on small photographs: 23 minutes of one core in bfloat16; its features transfer worse than random weights.

    Command: ``lessup train bigan --data tiny-imagenet-100per.tar --out RUN --recipe cpu``.
    """
    config = BiGANConfig(players="dcgan", backbone="alexnet-small", layer="fc6", code=200, width=24, crop=64 / 72)
    return Recipe(config=config, training=Training(steps=3_000, batch_size=64, ema_decay=0.999))
