"""autoencoder: a network squeezes an image into a few numbers and learns to give the image back from them.

Jeff Donahue, Philipp Krähenbühl, Trevor Darrell, *Adversarial Feature Learning*, 2017,
https://arxiv.org/abs/1605.09782: the baselines "AE (l2)" and "AE (l1)" of its tables, whose encoder and decoder are
BiGAN's. The idea is Hinton, Salakhutdinov, *Reducing the Dimensionality of Data with Neural Networks*, 2006; hiding a
part of the pixels (``corruption``) is Vincent, Larochelle, Bengio, Manzagol, *Extracting and Composing Robust Features
with Denoising Autoencoders*, 2008.

*Differs from the papers:* the released code of BiGAN has no autoencoder, so its training is taken to be BiGAN's; the
decoder of photographs has kernels of 4 and not 5, and sees the code in its first layer alone. A hidden pixel is hidden
by itself with a probability, where Vincent et al. hide a fixed number of them, and in all of its channels.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lessup import backbones
from lessup.backbones import dcgan
from lessup.backbones.mlp_bigan import SIDE, MLPGenerator, linear
from lessup.errors import UsageError
from lessup.methods import Losses, Recipe, Reconstructor
from lessup.optimization import Optimization, adam_with_exponential_end
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.crops import crop_resize, mirrored
from lessup.transforms.draws import Draws
from lessup.transforms.squares import random_squares

IMAGE_SIDE = 64
"""Pixels on each side of what the convolutional decoder gives back."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """The hyper-parameters of BiGAN's MNIST experiments; those of ImageNet are the recipe ``images``.

    Attributes:
        network: decoder: ``mlp`` for 28 x 28 pixels, ``convolutional`` for 64 x 64.
        backbone: name of the network that becomes the encoder.
        layer: of the backbone, from which the code is read; the rest is left out.
        code: numbers of a code, each in [-1, 1].
        loss: error of a value: its square (``l2``) or its absolute value (``l1``), summed over an image.
        corruption: probability of each pixel of the input to be set to 0.
        crop: share of the short side that a random square of a training image has.
        mirror: mirror half of the training images.
        width: channels of the largest maps of the convolutional decoder.
        learning_rate: of Adam.
        momentum: Adam's first beta; its second is 0.999.
        weight_decay: L2 in the gradient, of all but the gains of batch normalisation.
        constant: share of the run at the full rate, before it decays exponentially.
        final_rate: share of the learning rate that is left at the end.
        channels: C of the images, filled in from the data.
    """

    network: Literal["mlp", "convolutional"] = "mlp"
    backbone: str = "mlp-bigan"
    layer: str = "fc2"
    code: int = 50
    loss: Literal["l2", "l1"] = "l2"
    corruption: float = 0.0
    crop: float = 1.0
    mirror: bool = False
    width: int = 64
    learning_rate: float = 2e-4
    momentum: float = 0.5
    weight_decay: float = 2.5e-5
    constant: float = 0.5
    final_rate: float = 0.01
    channels: int = 3


class Autoencoder(Reconstructor):
    """An encoder, a linear layer that makes codes, and a decoder.

    Attributes:
        backbone: the encoder, up to the layer before the code.
        head: maps that layer to the logits of a code.
        decoder: maps (B, D) codes in [-1, 1] to images: values from 0 to 1, or seen as -1 to 1 if convolutional.
    """

    Config: ClassVar = AutoencoderConfig
    paper: ClassVar = (
        "Jeff Donahue, Philipp Krähenbühl, Trevor Darrell, Adversarial Feature Learning, 2017, "
        "https://arxiv.org/abs/1605.09782"
    )
    reads: ClassVar = ("image", "extent")
    config: AutoencoderConfig

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        if not 0 <= config.corruption < 1 or not 0 < config.crop <= 1:
            raise UsageError("wanted --corruption from 0 to below 1 and --crop above 0, at most 1")
        self.backbone = backbones.build(config.backbone, channels=config.channels).until(config.layer)
        self.head = linear(math.prod(self.backbone.shapes[config.layer]), config.code)
        self.decoder: nn.Module
        if config.network == "mlp":
            self.side = SIDE
            self.decoder = MLPGenerator(config.channels, config.code)
        else:
            self.side = IMAGE_SIDE
            self.decoder = dcgan.decoder(config.code, config.channels, side=IMAGE_SIDE, width=config.width)
        self.to(memory_format=torch.channels_last)  # about a tenth faster on a CPU

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, that before the code first, and ``code``."""
        return (*super().layers, "code")

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 32, 36) float32 of random pixels and ``extent`` (B, 2) int64."""
        return {"image": torch.rand(batch_size, 3, 32, 36), "extent": torch.tensor([[32, 36]]).repeat(batch_size, 1)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the error of the images that come back.

        Args:
            batch: ``image`` (B, C, H, W) in [0, 1] and ``extent`` (B, 2) int64.
            draws: source of the crops and of the pixels to hide.

        Returns:
            the player ``reconstruction``: the error summed over the values of an image, meaned over images. ``psnr``
            is 10 log10 of 1 over the mean squared error.
        """
        box = random_squares(batch["extent"], self.config.crop, draws)
        box = mirrored(box, draws) if self.config.mirror else box
        seen = crop_resize(batch["image"], box, (self.backbone.side, self.backbone.side))
        wanted = seen
        if self.side != self.backbone.side:
            wanted = crop_resize(batch["image"], box, (self.side, self.side))
        if self.config.corruption:
            seen = seen * (draws.uniform(len(seen), 1, *seen.shape[2:]) >= self.config.corruption)
        error = self._decode(self._code(self.backbone.normalised(seen))) - wanted
        squared = error.square()
        summed = (squared if self.config.loss == "l2" else error.abs()).flatten(1).sum(1)
        return Losses({"reconstruction": summed.mean()}, {"psnr": -10 * squared.detach().mean().log10()})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images: of the layer before the code (default), an earlier one, or ``code``.

        Raises:
            UsageError: there is no such layer.
        """
        return self._code(self.prepared(batch)) if layer == "code" else super().encode(batch, layer)

    def reconstruct(self, batch: Batch) -> Tensor:
        """Return (B, C, S, S) images in [0, 1] that come back from whole images."""
        return self._decode(self.encode(batch, "code"))

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return BiGAN's Adam; the rate is constant at first and then decays exponentially."""
        config = self.config
        adam = adam_with_exponential_end(
            self,
            config.learning_rate,
            num_steps,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            constant=config.constant,
            final_rate=config.final_rate,
        )
        return {"reconstruction": adam}

    def _code(self, normalised: Tensor) -> Tensor:
        """Map images as the backbone wants them to (B, D) codes in [-1, 1]."""
        logits: Tensor = self.head(self.backbone(normalised).flatten(1))
        return 2 * logits.sigmoid() - 1

    def _decode(self, code: Tensor) -> Tensor:
        """Map (B, D) codes to (B, C, S, S) images in [0, 1]."""
        image: Tensor = self.decoder(code)
        return image if self.config.network == "mlp" else (image + 1) / 2


def paper() -> Recipe:
    """Follow BiGAN's MNIST experiments: 200 + 200 passes over 60,000 images in batches of 128.

    Command: ``lessup train autoencoder --data MNIST --out RUN --recipe paper``; ``--loss l1`` is the other row.
    """
    return Recipe(config=AutoencoderConfig(), training=Training(steps=187_500, batch_size=128, checkpoint_every=10_000))


def mnist() -> Recipe:
    """Train on MNIST: 16 minutes of one core in bfloat16, 97.1 % by the nearest neighbour, where pixels have 96.9.

    ``--corruption 0.25`` makes it a denoising one.

    Command: ``lessup train autoencoder --data MNIST --out RUN --recipe mnist``.
    """
    return Recipe(config=AutoencoderConfig(), training=Training(steps=30_000, batch_size=128))


def images() -> Recipe:
    """Follow BiGAN's ImageNet experiments: 50 + 50 passes over 1.28 million images; no recipe for a CPU.

    Command: ``lessup train autoencoder --data IMAGES --out RUN --recipe images``.
    """
    config = AutoencoderConfig(
        network="convolutional", backbone="alexnet-bigan-64", layer="conv5", code=200, crop=64 / 72
    )
    return Recipe(config=config, training=Training(steps=1_000_000, batch_size=128, checkpoint_every=10_000))


def cpu() -> Recipe:
    """Train on small photographs: 25 minutes of one core in bfloat16; its features transfer worse than random weights.

    Command: ``lessup train autoencoder --data tiny-imagenet-100per.tar --out RUN --recipe cpu``.
    """
    config = AutoencoderConfig(
        network="convolutional",
        backbone="alexnet-small",
        layer="fc6",
        code=200,
        crop=64 / 72,
        mirror=True,
        width=32,
        learning_rate=1e-3,
        momentum=0.9,
    )
    return Recipe(config=config, training=Training(steps=3_500, batch_size=128))
