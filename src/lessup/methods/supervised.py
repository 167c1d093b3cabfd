"""supervised: a network learns classes from labels, the ceiling and the "from scratch" of every table.

Alex Krizhevsky, Ilya Sutskever, Geoffrey E. Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*,
2012, https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks.

*Differs from the paper:* any backbone; images with tags get a sigmoid for each class; the rate falls at fixed updates,
where the paper divided it by hand; Caffe's order of pooling and normalisation; squares lie anywhere in an image, where
the paper first cuts off what is beyond its central square. The ``cpu`` recipe trains a small network of today; its
docstring says more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from lessup import backbones
from lessup.backbones import flat
from lessup.backbones.magic_init import NUM_IMAGES, Kind, calibrate, chain, initialise
from lessup.methods import Classifier, Losses, Recipe
from lessup.optimization import Optimization, decaying_apart, in_quarters
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.transforms.crops import crop_resize, mirrored, random_boxes, resize_whole
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.rand_augment import cut_out, rand_augment
from lessup.transforms.shifts import shifted
from lessup.transforms.squares import random_squares

DROPPED = ("fc6", "fc7")
"""Layers whose outputs are dropped in training, where a backbone has them; in others its last."""

MAGIC: Mapping[str, Kind] = {"magic-random": "random", "magic-kmeans": "k-means"}
"""Ways to choose the first weights from images, by the value of ``init``."""

COLOUR_DIRECTIONS = ((-0.5675, -0.5808, -0.5836), (0.7192, -0.0045, -0.6948), (0.4009, -0.8140, 0.4203))
"""Principal directions of the colours of ImageNet, red first, as Facebook's fb.resnet.torch has them."""

COLOUR_POWERS = (0.2175, 0.0188, 0.0045)
"""How much the colours vary along them, of the same source."""


@dataclass(frozen=True, kw_only=True)
class SupervisedConfig:
    """The published hyper-parameters.

    Attributes:
        backbone: network before the classifier.
        channels: of the images, filled in from the data.
        num_classes: K, filled in from the data.
        target: one ``label`` an image, or any number of ``tags``; filled in from the data.
        init: ``random`` draws weights as the backbone's paper does; ``magic-random`` and ``magic-kmeans`` choose them
            from training images (Krahenbuhl et al. 2016).
        weights: file, run folder or ``imagenet``, from which the backbone's weights are loaded; empty for none.
        crop: ``square`` cuts squares, whose side is a share of the image's short side; ``box`` boxes of a ratio
            from 3/4 to 4/3, whose area is a random share of it; ``shift`` takes whole images, shifted by up to an
            eighth of their side, as ``fixmatch`` does.
        square: that share of the side; 0.875 cuts 224 pixels out of 256.
        area: least and largest share of the area.
        mirror: share of the images that is mirrored.
        operations: of RandAugment after that, one after the other, as ``fixmatch`` has them.
        cutout: side of a grey square after that, as a share of the image's, at most.
        lighting: standard deviation of the change along each principal direction of colours, for 3 channels.
        dropout: share of the outputs of fc6 and fc7 that is dropped.
        smoothing: share of a label that is spread over all classes.
        optimizer: ``sgd`` with momentum, the rate divided by 10 after each quarter of the run; or ``adam``, which warms
            up and falls to 0 along a cosine.
        learning_rate: its peak.
        momentum: of SGD, or the first beta of Adam.
        weight_decay: of weights, not of biases and normalisations.
    """

    backbone: str = "alexnet-caffe"
    channels: int = 3
    num_classes: int = 1000
    target: Literal["label", "tags"] = "label"
    init: Literal["random", "magic-random", "magic-kmeans"] = "random"
    weights: str = ""
    crop: Literal["square", "box", "shift"] = "square"
    square: float = 0.875
    area: tuple[float, float] = (0.08, 1.0)
    mirror: float = 0.5
    operations: int = 0
    cutout: float = 0.0
    lighting: float = 0.1
    dropout: float = 0.5
    smoothing: float = 0.0
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4


class Supervised(Classifier):
    """A backbone and a linear classifier."""

    Config: ClassVar = SupervisedConfig
    paper: ClassVar = (
        "Alex Krizhevsky, Ilya Sutskever, Geoffrey E. Hinton, ImageNet Classification with Deep Convolutional Neural "
        "Networks, 2012, https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks"
    )

    def __init__(self, config: SupervisedConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        self.backbone.to(memory_format=torch.channels_last)  # 1.2 times as fast on a CPU
        self.classifier = nn.Linear(self.backbone.width, config.num_classes)
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)

    def begin(self, samples: Samples, seed: int) -> None:
        """Choose the weights from images, then load those of a file, then calibrate, as far as asked for.

        Raises:
            DataError: the images are all alike, or the file cannot be used.
            UsageError: the backbone is more than layers one after the other, and ``init`` is ``magic-``.
        """
        kind = MAGIC.get(self.config.init)
        operations = chain(self.backbone, nn.Flatten(), self.classifier) if kind else []
        images = self._some(samples, seed) if kind else torch.empty(0)
        if kind:
            initialise(operations, images, kind=kind, seed=seed)
        super().begin(samples, seed)
        if kind:
            calibrate(operations, images, seed=seed)

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the loss of the labels; in training mode images are cropped, mirrored and coloured at random.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``label`` (B,) or ``tags`` (B, K); unknown ones, -1, do
                not count.
            draws: source of the augmentation and of dropout.

        Returns:
            the player ``classification``: cross-entropy, or with tags that of all classes, summed; the log has
            ``accuracy``, the share of known labels or tags that are told rightly, in percent.
        """
        image = self.augmented(batch, draws) if self.training else self.prepared(batch)
        logits = self._logits(image, draws if self.training else None)
        return self.losses(logits, batch, smoothing=self.config.smoothing if self.training else 0.0)

    def augmented(self, batch: Batch, draws: Draws) -> Tensor:
        """Return (B, C, S, S) random views of images at the size of the backbone, normalised."""
        config = self.config
        if config.crop == "shift":
            whole = resize_whole(batch["image"], batch["extent"], self.backbone.size)
            image = shifted(whole, draws, mirror=config.mirror)
        else:
            image = crop_resize(batch["image"], self._boxes(batch["extent"], draws), self.backbone.size)
        if config.operations:
            image = rand_augment(image, draws, operations=config.operations)
        if config.cutout:
            image = cut_out(image, draws, largest=config.cutout)
        if config.lighting and config.channels == 3:
            image = coloured(image, config.lighting, draws)
        return self.backbone.normalised(image)

    def logits(self, x: Tensor, *, after: str | None = None) -> Tensor:
        """Return (B, K) scores of prepared (B, C, H, W) images, or of the output of a layer; nothing is dropped."""
        return self._logits(x, after=after)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        config = self.config
        groups = decaying_apart(self, config.weight_decay)
        if config.optimizer == "sgd":
            sgd = torch.optim.SGD(groups, config.learning_rate, config.momentum)
            return {"classification": in_quarters(sgd, num_steps)}
        betas = (config.momentum, 0.999)
        optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, betas=betas, fused=True)
        warm_up = max(WARM_UP * num_steps, 1)

        def rate(update: int) -> float:
            return min((update + 1) / warm_up, 0.5 + 0.5 * math.cos(math.pi * update / num_steps))

        return {"classification": Optimization(optimizer, LambdaLR(optimizer, rate))}

    def _logits(self, x: Tensor, draws: Draws | None = None, *, after: str | None = None) -> Tensor:
        """Map normalised (B, C, S, S), or the output of a layer, to (B, K) logits; ``draws`` turns dropout on."""
        layers = self.backbone.layers
        if after is None:
            x = x.contiguous(memory_format=torch.channels_last)
        for layer in [name for name in DROPPED if name in layers] or layers[-1:]:
            if after is None or layers.index(after) < layers.index(layer):
                x, after = flat(self.backbone.features(x, (layer,), after=after)[layer]), layer
                if draws is not None and self.config.dropout:
                    x = dropout(x, self.config.dropout, draws)
        logits: Tensor = self.classifier(flat(x))
        return logits

    def _boxes(self, extent: Tensor, draws: Draws) -> Tensor:
        """Return (B, 4) what is cut out of each image, see ``crop_resize``."""
        config = self.config
        square = config.crop == "square"
        box = random_squares(extent, config.square, draws) if square else random_boxes(extent, draws, area=config.area)
        return mirrored(box, draws, share=config.mirror)

    def _some(self, samples: Samples, seed: int) -> Tensor:
        """Return up to ``NUM_IMAGES`` images (N, C, S, S) drawn from the samples, as the backbone sees them."""
        count = min(len(samples), NUM_IMAGES)
        chosen = np.sort(np.random.default_rng(seed).permutation(len(samples))[:count])
        return self.prepared(samples.batch(chosen))


WARM_UP = 0.05
"""Share of the updates during which Adam's rate grows."""


def coloured(image: Tensor, strength: float, draws: Draws) -> Tensor:
    """Add to every pixel of an image one random colour along the principal directions of photographs' colours.

    Args:
        image: (B, 3, H, W) in [0, 1].
        strength: standard deviation of the random factor of each direction.
        draws: where the factors come from.

    Returns:
        (B, 3, H, W); values may leave [0, 1].

    Source: Krizhevsky, Sutskever, Hinton 2012, section 4.1.
    """
    amount = strength * draws.normal(len(image), 3) * image.new_tensor(COLOUR_POWERS)
    return image + (amount @ image.new_tensor(COLOUR_DIRECTIONS))[:, :, None, None]


def paper() -> Recipe:
    """Follow the paper: 90 passes over the 1.2 million images of ImageNet in batches of 128; not run.

    Command: ``lessup train supervised --data DATA --out RUN --recipe paper``.
    """
    return Recipe(
        config=SupervisedConfig(),
        training=Training(steps=843_750, batch_size=128, log_every=100, checkpoint_every=5_000),
    )


def cpu() -> Recipe:
    """Train a small AlexNet on images of 64 pixels in half an hour on two cores.

    Command: ``lessup train supervised --data DATA --out RUN --recipe cpu``.

    Rates from 1e-3 to 4e-3 did alike in short runs on 20 classes of Tiny-ImageNet's training part, of which a fifth was
    held out; SGD learnt less in the same time.
    """
    config = SupervisedConfig(
        backbone="alexnet-small",
        crop="box",
        area=(0.35, 1.0),
        lighting=0.0,
        dropout=0.2,
        smoothing=0.1,
        optimizer="adam",
        learning_rate=3e-3,
        weight_decay=0.05,
    )
    return Recipe(config=config, training=Training(steps=4_500, batch_size=128))
