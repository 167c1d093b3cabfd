"""Methods: one paper is one module, and the module's name is its public name.

A module has one concrete ``Method``, its frozen ``Config``, and functions ``paper`` and ``cpu`` that give a ``Recipe``.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lessup import discovery
from lessup.backbones import Backbone, dense, flat, weights
from lessup.errors import DataError, UsageError
from lessup.losses.classification import label_loss, tag_loss
from lessup.optimization import Optimization, decaying_apart, in_quarters
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.samples.splits import Folds
from lessup.transforms.crops import resize_whole
from lessup.transforms.draws import Draws


@dataclass(frozen=True)
class Losses:
    """What one step gives: a scalar to minimise per player, and scalars to log beside them.

    Attributes:
        players: () loss by player; one player for most methods, two for adversarial ones.
        log: () values to log, without gradient.
    """

    players: Mapping[str, Tensor]
    log: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A run's settings: the method's own config, how to train it, and what to hold out."""

    config: Any
    training: Training
    folds: Folds = field(default_factory=Folds)


class Method(nn.Module, ABC):
    """One published way of learning; concrete methods are final.

    Attributes:
        Config: frozen dataclass of the method's hyper-parameters, the paper's values as defaults.
        paper: authors, title, year, link.
        reads: keys of the batch that ``step`` uses; checked against the data before training starts.
        chance: what guessing gives of the values that ``step`` logs, by name, where that is known.
        together: samples of one class that lie next to one another in a batch, where the method needs them; 1 mixes.
        copies: if not 0, a batch is an episode: ``together`` samples of each of as many classes as fit into it, a class
            so many times at most, see ``training.episodes``.
        semi_supervised: whether it learns from samples without a label beside those that have one.
        unlabelled_ratio: samples of any kind in a batch for each labelled one, all of which lie before them; 0 mixes.
        fitted: buffers that ``begin`` fits to the data and no step changes; networks with random weights get them too.
    """

    Config: ClassVar[type[Any]]
    paper: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    chance: ClassVar[Mapping[str, float]] = {}
    together: int = 1
    copies: int = 0
    semi_supervised: ClassVar[bool] = False
    unlabelled_ratio: int = 0
    fitted: ClassVar[tuple[str, ...]] = ()
    config: Any

    @property
    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """Names that ``encode`` accepts, the default first."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def chosen(self, layer: str | None) -> str:
        """Return the layer that is asked for, the default where none is.

        Raises:
            UsageError: there is no such layer.
        """
        name = layer or self.layers[0]
        if name not in self.layers:
            raise UsageError(f"no layer {name!r}: choose one of {', '.join(self.layers)}")
        return name

    @classmethod
    def configured(cls, config: Any, samples: Samples) -> Any:
        """Return ``config`` with what only the data can tell (number of classes, side) filled in.

        Raises:
            DataError: the data does not suit the method, such as grids of another side.
        """
        return config

    def check(self, samples: Samples) -> None:
        """Check that this network, as it was built, can read the samples.

        Raises:
            DataError: it cannot, such as grids of another side.
        """
        type(self).configured(self.config, samples)

    def begin(self, samples: Samples, seed: int) -> None:
        """Set the first weights from the training part or from a file; called before the first step of a new run.

        A run that goes on from a checkpoint, and a network with random weights beside others, do without it.

        Args:
            samples: what will be trained on.
            seed: of the run; the same samples and seed give the same weights.

        Raises:
            DataError: the samples or the file cannot give them.
        """

    @classmethod
    @abstractmethod
    def example(cls, batch_size: int) -> Batch:
        """Return the smallest valid random batch, for contract tests, dry runs and docs."""

    @abstractmethod
    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the losses of one training step; all randomness comes from ``draws``."""

    @abstractmethod
    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of one layer, all that evaluation sees; differentiable in the parameters."""

    def encode_layers(self, batch: Batch, layers: Collection[str]) -> dict[str, Tensor]:
        """Return what ``encode`` returns for each of some layers, if possible in one pass."""
        return {layer: self.encode(batch, layer) for layer in layers}

    @abstractmethod
    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return the optimiser of every player of ``step``, for a run of ``num_steps`` updates."""


class ShapeAutoencoder(Method):
    """A method that maps a corrupted grid to a whole one through a code, so that it can repair and blend."""

    @abstractmethod
    def repair(self, voxels: Tensor) -> Tensor:
        """Return (B, V, V, V) probabilities in [0, 1] that a cell of the whole shape is occupied, from bool grids."""

    @abstractmethod
    def blend(self, first: Tensor, second: Tensor, weight: float) -> Tensor:
        """Return (B, V, V, V) probabilities decoded from the codes of two bool grids mixed at 0 <= weight <= 1.

        A weight of 0 gives the first shape, 1 the second.
        """


class ImageEncoder(Method):
    """A method that trains a backbone on images, so that its layers can be transferred.

    Attributes:
        backbone: what is transferred.
    """

    backbone: Backbone

    @property
    def shortest_side(self) -> int:
        """Pixels on the short side below which an image is enlarged before it is learnt from."""
        return min(self.backbone.size)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, its default first."""
        return tuple(dict.fromkeys((self.backbone.default, *self.backbone.layers)))

    def check(self, samples: Samples) -> None:
        """Check that this network, as it was built, can read the samples; once trained it needs no labels or masks.

        Raises:
            DataError: the images have another number of channels.
        """
        if isinstance(samples, Images) and samples.channels != self.backbone.channels:
            raise DataError(
                f"the network was trained on images of {self.backbone.channels} channels; these have "
                f"{samples.channels}: read them with --colour grey or rgb as its own data were"
            )
        if not {"label", "mask"} & set(self.reads):
            super().check(samples)

    def scaled(self, image: Tensor) -> Tensor:
        """Return (B, C, H, W) images in [0, 1] of any size with the values that the backbone was trained on."""
        return self.backbone.normalised(image)

    def prepared(self, batch: Batch) -> Tensor:
        """Return whole images (B, C, S, S) at the size of the backbone, scaled as in training."""
        return self.scaled(resize_whole(batch["image"], batch["extent"], self.backbone.size))

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images; see ``flat``.

        Raises:
            UsageError: there is no such layer.
        """
        name = layer or self.backbone.default
        return flat(self.backbone.features(self.prepared(batch), (name,))[name])

    def encode_layers(self, batch: Batch, layers: Collection[str]) -> dict[str, Tensor]:
        """Return what ``encode`` returns for each of some layers, those of the backbone in one pass."""
        shared = [layer for layer in layers if layer in self.backbone.layers]
        found = self.backbone.features(self.prepared(batch), shared) if shared else {}
        return {layer: flat(found[layer]) if layer in found else self.encode(batch, layer) for layer in layers}


class Classifier(ImageEncoder):
    """A method that scores classes of images; its config says ``target``, ``weights`` and how SGD learns.

    Attributes:
        classifier: the linear layer that gives the scores.
    """

    classifier: nn.Linear
    reads: ClassVar = ("image", "extent", "label")

    @classmethod
    def configured(cls, config: Any, samples: Samples) -> Any:
        """Return ``config`` with channels, classes and target of the data.

        Raises:
            DataError: no image has a label, there are fewer than two classes, or the weights are not there.
        """
        if config.weights:
            weights.find(config.weights)
        if not isinstance(samples, Images):
            return config
        return replace(config, channels=samples.channels, num_classes=len(samples.classes), target=samples.target)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, its default first, and ``logits``."""
        return (*super().layers, "logits")

    def begin(self, samples: Samples, seed: int) -> None:  # noqa: ARG002 - others begin from samples
        """Load the backbone's weights, if the config names where they are, and say what matched.

        Raises:
            DataError: the file cannot be used.
        """
        weights.begin_from(self.config.weights, self.backbone)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64) of random pixels, ``extent`` and ``label`` of two classes."""
        label = torch.arange(batch_size) % 2
        image = torch.rand(batch_size, 3, 64, 64) * (0.4 + 0.6 * label.view(-1, 1, 1, 1))
        return {"image": image, "extent": torch.full((batch_size, 2), 64), "label": label}

    def logits(self, x: Tensor, *, after: str | None = None) -> Tensor:
        """Return (B, K) scores before any softmax or sigmoid; differentiable in the image, and nothing is dropped.

        Args:
            x: (B, C, H, W) as ``prepared`` gives it, of any size that the backbone takes; with ``after`` the output of
                that layer of the backbone.
            after: layer from which to go on.
        """
        logits: Tensor = self.classifier(flat(self.backbone(x, after=after)))
        return logits

    @property
    def ending(self) -> dense.PooledEnding | None:
        """The map that the backbone's last stage pools, and the classifier behind it; None where it ends otherwise."""
        pooled = dense.pooled_map(self.backbone)
        return dense.PooledEnding(pooled, self.classifier.weight, self.classifier.bias) if pooled else None

    def losses(self, logits: Tensor, batch: Batch, *, smoothing: float = 0.0) -> Losses:
        """Return the loss of the labels, or the tags, that are known, and the share of them that is told rightly.

        Args:
            logits: (B, K).
            batch: ``label`` (B,) or ``tags`` (B, K), as the config's ``target`` says.
            smoothing: share of a label that is spread over all classes.
        """
        if self.config.target == "tags":
            loss, accuracy = tag_loss(logits, batch["tags"])
        else:
            loss, accuracy = label_loss(logits, batch["label"], smoothing=smoothing)
        return Losses({"classification": loss}, {"accuracy": accuracy})

    def classify(self, batch: Batch) -> Tensor:
        """Return (B, K) scores of whole images."""
        return self.logits(self.prepared(batch))

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) features of whole images, or (B, K) ``logits``.

        Raises:
            UsageError: there is no such layer.
        """
        return self.classify(batch) if self.chosen(layer) == "logits" else super().encode(batch, layer)

    def sgd_in_quarters(self, num_steps: int) -> Optimization:
        """Return SGD with the config's rate, which is divided by 10 after each quarter of the run, and momentum."""
        config = self.config
        sgd = torch.optim.SGD(decaying_apart(self, config.weight_decay), config.learning_rate, config.momentum)
        return in_quarters(sgd, num_steps)


class FewShotLearner(ImageEncoder):
    """A method that tells classes from a few images of each, which it need not have seen in training."""

    @abstractmethod
    def told(self, known: Tensor, label: Tensor, asked: Tensor) -> Tensor:
        """Return (Q, K) scores of K classes for what is asked, from features of the default layer.

        Args:
            known: (S, D) features of images whose class is given.
            label: (S,) int64 their classes, 0 to K - 1, each at least once.
            asked: (Q, D) features.
        """


class Segmenter(ImageEncoder):
    """A method that tells the class of every pixel."""

    @abstractmethod
    def probabilities(self, batch: Batch) -> Tensor:
        """Return (B, 1 + K, H, W) in [0, 1], the background first, at the images' own sizes; 0 beyond their extents.

        What is found in an image does not depend on the others of the batch.
        """

    def segment(self, batch: Batch) -> Tensor:
        """Return (B, H, W) int64 the likeliest of them: 0 background, 1 + class, -1 beyond an image's extent."""
        probabilities = self.probabilities(batch)
        return probabilities.argmax(1).masked_fill(probabilities.sum(1) == 0, -1)


class Reconstructor(ImageEncoder):
    """A method that gives an image back from its code.

    Attributes:
        side: S of the images that it gives back.
    """

    side: int

    @abstractmethod
    def reconstruct(self, batch: Batch) -> Tensor:
        """Return (B, C, S, S) images in [0, 1] that come back from the codes of whole images."""


class ImageGenerator(Reconstructor):
    """A method that also makes images of its own."""

    @abstractmethod
    def draw(self, count: int, draws: Draws) -> Tensor:
        """Return (B, C, S, S) images in [0, 1] made from random codes."""


class Inpainter(ImageEncoder):
    """A method that fills holes of images."""

    @abstractmethod
    def squares(self, batch: Batch) -> Tensor:
        """Return (B, C, S, S) in [0, 1]: the middle of each image, as large as in training."""

    @abstractmethod
    def holes(self, count: int, draws: Draws) -> Tensor:
        """Return (B, S, S) bool, True where pixels are missing: holes as they were filled in training."""

    @abstractmethod
    def inpaint(self, image: Tensor, hole: Tensor) -> Tensor:
        """Fill where ``hole`` (B, S, S) is True, without a look at it: (B, C, S, S) in [0, 1], unchanged elsewhere."""


def load(name: str) -> type[Method]:
    """Return the method class behind a public name, such as ``vconv-dae``.

    Raises:
        UsageError: no method has this name.
    """
    return discovery.concrete("methods", name, Method)  # type: ignore[type-abstract]


def recipes(name: str) -> dict[str, Callable[[], Recipe]]:
    """Return a method's recipes by name: the functions of its module that return a ``Recipe``.

    Raises:
        UsageError: no method has this name.
    """
    functions = inspect.getmembers(discovery.module("methods", name), inspect.isfunction)
    return {key: function for key, function in functions if inspect.signature(function).return_annotation is Recipe}
