"""What methods on images promise: features of a backbone, and what some can do beside it."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from torch import Tensor

from lessup.backbones import Backbone, flat
from lessup.errors import DataError
from lessup.methods.kinds.method import Method
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.transforms.crops import resize_whole
from lessup.transforms.draws import Draws


class ImageEncoder(Method):
    """A method that trains a backbone on images, so that its layers can be transferred.

    Attributes:
        backbone: what is transferred.
    """

    backbone: Backbone

    @classmethod
    def configured(cls, config: Any, samples: Samples) -> Any:
        """Return ``config`` with the number of channels of the images.

        Raises:
            DataError: the images do not suit the method.
        """
        return replace(config, channels=samples.channels) if isinstance(samples, Images) else config

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


class FewShotLearner(ImageEncoder):
    """A method that tells classes from a few images of each, which it need not have seen in training."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the backbone, the last first."""
        return tuple(reversed(self.backbone.layers))

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
