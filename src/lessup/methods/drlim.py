"""drlim: one network maps both images of a pair, and learns to put images of one class near one another, others far.

Raia Hadsell, Sumit Chopra, Yann LeCun, *Dimensionality Reduction by Learning an Invariant Mapping*, 2006,
https://doi.org/10.1109/CVPR.2006.100, with the margin loss; and Sumit Chopra, Raia Hadsell, Yann LeCun, *Learning a
Similarity Metric Discriminatively, with Application to Face Verification*, 2005,
https://doi.org/10.1109/CVPR.2005.202, with the exponential loss and the network for faces, which are the defaults.

*Differs from the papers:* each image of a batch is mapped once and stands in several pairs; which maps of S2 a map of
C3 sees is not published (see ``lenet_faces``), nor is the optimiser: SGD with momentum here. With the exponential loss
the embedding is squashed, so that energies have a bound; with the margin loss it is linear. The recipe ``cpu`` scales
it to length 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from lessup import backbones
from lessup.backbones import flat
from lessup.backbones.lenet_faces import AMPLITUDE, Squash
from lessup.errors import DataError, UsageError
from lessup.losses.pairs import contrastive_loss, exponential_loss
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.samples.splits import Folds
from lessup.transforms.crops import resize_whole
from lessup.transforms.draws import Draws
from lessup.transforms.pairs import balanced_pairs
from lessup.transforms.patch_colour import equal_rms
from lessup.transforms.pose_and_light import PoseAndLight, pose_and_light


@dataclass(frozen=True, kw_only=True)
class DrLIMConfig(DescentConfig):
    """The published hyper-parameters, as far as they are known.

    Attributes:
        backbone: network before the embedding.
        channels: of the images, filled in from the data.
        embedding: D, numbers that an image is mapped to; F6 of the paper.
        loss: ``exponential`` of 2005 or ``margin`` of 2006.
        norm: of the difference of two embeddings: ``l1`` (2005) or ``l2`` (2006).
        margin: distance beyond which the margin loss leaves images of two classes alone.
        normalise: scale embeddings to length 1.
        changes: how much pose and light of training images are changed, 0 to 1, as a share of ``PoseAndLight``.
        optimizer: ``sgd`` at a constant rate, or ``adamw``, whose rate rises at first and falls along a cosine.
    """

    backbone: str = "lenet-faces"
    channels: int = 1
    embedding: int = 50
    loss: Literal["exponential", "margin"] = "exponential"
    norm: Literal["l1", "l2"] = "l1"
    margin: float = 1.0
    normalise: bool = False
    changes: float = 0.0
    learning_rate: float = 1e-4
    weight_decay: float = 0.0


class DrLIM(ImageEncoder):
    """A backbone and a layer that gives the embedding, the same for both images of a pair.

    Attributes:
        embedding: the layer behind the backbone.
        bound: Q, the largest energy that squashed embeddings can have.
    """

    Config: ClassVar = DrLIMConfig
    paper: ClassVar = (
        "Raia Hadsell, Sumit Chopra, Yann LeCun, Dimensionality Reduction by Learning an Invariant Mapping, 2006, "
        "https://doi.org/10.1109/CVPR.2006.100"
    )
    reads: ClassVar = ("image", "extent", "label")
    together = 4
    config: DrLIMConfig

    def __init__(self, config: DrLIMConfig) -> None:
        super().__init__()
        if config.embedding < 1 or config.margin <= 0 or not 0 <= config.changes <= 1:
            raise UsageError(
                f"an embedding of {config.embedding}, margin {config.margin}, changes {config.changes}: wanted 1 or "
                "more, above 0, and 0 to 1"
            )
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels)
        width = self.backbone.width
        linear = nn.Linear(width, config.embedding)
        nn.init.normal_(linear.weight, std=width**-0.5)
        nn.init.zeros_(linear.bias)
        squashed = config.loss == "exponential" and not config.normalise
        self.embedding = nn.Sequential(linear, *([Squash()] if squashed else []))
        wide, high = config.embedding**0.5, 1.0 if config.normalise else AMPLITUDE * config.embedding**0.5
        self.bound = 2 * high * (wide if config.norm == "l1" else 1)

    @classmethod
    def configured(cls, config: DrLIMConfig, samples: Samples) -> DrLIMConfig:
        """Return ``config`` with the channels of the data.

        Raises:
            DataError: the labels give no pairs.
        """
        if not isinstance(samples, Images):
            return config
        _check_pairs(samples)
        return replace(config, channels=samples.channels)

    def begin(self, samples: Samples, seed: int) -> None:  # noqa: ARG002 - the weights are drawn
        """Check that the training part, too, gives pairs.

        Raises:
            DataError: it does not.
        """
        _check_pairs(samples)

    @property
    def layers(self) -> tuple[str, ...]:
        """``embedding``, then the layers of the backbone, its default first."""
        return ("embedding", *super().layers)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 1, 56, 46) of random pixels, ``extent`` (B, 2) and ``label`` (B,), 0 0 1 1 0 0 ..."""
        extent = torch.tensor([[56, 46]]).repeat(batch_size, 1)
        return {
            "image": torch.rand(batch_size, 1, 56, 46),
            "extent": extent,
            "label": torch.arange(batch_size) // 2 % 2,
        }

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the loss of the pairs of a batch, half of one class and half of two; training mode cuts and mirrors.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``label`` (B,).
            draws: source of the pairs and of the augmentation.

        Returns:
            the player ``pairs``; the log has ``genuine`` and ``impostor``, the mean energies of both kinds of pairs, 0
            where there are none.
        """
        code = self._code(self.augmented(batch, draws) if self.training else self.prepared(batch))
        pairs = balanced_pairs(batch["label"], draws)
        energy = self.energy(code[pairs.first], code[pairs.second])
        if self.config.loss == "margin":
            loss = contrastive_loss(energy, pairs.different, margin=self.config.margin)
        else:
            loss = exponential_loss(energy, pairs.different, bound=self.bound)
        kinds = {"genuine": ~pairs.different, "impostor": pairs.different}
        found = energy.detach()
        log = {kind: found[own].sum() / own.sum().clamp(min=1) for kind, own in kinds.items()}
        return Losses({"pairs": loss}, log)

    def scaled(self, image: Tensor) -> Tensor:
        """Take the mean out of (B, C, H, W) images and give them one contrast, in the backbone's unit."""
        image = equal_rms(image - image.mean((1, 2, 3), keepdim=True))
        return image / image.new_tensor(self.backbone.std).view(-1, 1, 1)

    def energy(self, first: Tensor, second: Tensor) -> Tensor:
        """Return (M,) norms of the differences of (M, D) embeddings; where two are equal the gradient is 0."""
        norm: Tensor = torch.linalg.vector_norm(first - second, 1 if self.config.norm == "l1" else 2, dim=1)
        return norm

    def augmented(self, batch: Batch, draws: Draws) -> Tensor:
        """Return (B, C, H, W) whole images at the size of the backbone, in another pose and light each time."""
        image = resize_whole(batch["image"], batch["extent"], self.backbone.size)
        return self.scaled(pose_and_light(image, PoseAndLight().scaled(self.config.changes), draws))

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) embeddings of whole images, or features of another layer.

        Raises:
            UsageError: there is no such layer.
        """
        if self.chosen(layer) == "embedding":
            return self._code(self.prepared(batch))
        return super().encode(batch, layer)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD at a constant rate, or AdamW whose rate rises and falls along a cosine."""
        return {"pairs": descent(self.config, self, num_steps, schedule=lambda sgd, _: Optimization(sgd))}

    def _code(self, image: Tensor) -> Tensor:
        """Map scaled (B, C, H, W) images to (B, D) embeddings."""
        code: Tensor = self.embedding(flat(self.backbone(image)))
        return normalize(code) if self.config.normalise else code


def _check_pairs(samples: Samples) -> None:
    """Raise where there are not both kinds of pairs."""
    known = samples.label[samples.label >= 0]
    count = torch.bincount(torch.from_numpy(known)) if len(known) else torch.zeros(0)
    if int((count > 0).sum()) < 2 or not (count > 1).any():
        raise DataError(
            f"drlim learns from pairs of one class and pairs of two: {len(known)} of {len(samples)} images have a "
            f"label, of {int((count > 0).sum())} classes, of which {int((count > 1).sum())} have two images or more; "
            "wanted two classes, and two images in one of them: sort the images into a folder for each class or person"
        )


def paper() -> Recipe:
    """Learn faces with the published network and the exponential loss; not run.

    Command: ``lessup train drlim --data DATA --out RUN --recipe paper``.
    """
    return Recipe(config=DrLIMConfig(), training=Training(steps=50_000, batch_size=64, log_every=100), folds=FOLDS)


def cpu() -> Recipe:
    """Learn faces in minutes on one core: embeddings of length 1, the margin loss, and much change of pose and light.

    Command: ``lessup train drlim --data DATA --out RUN --recipe cpu``.
    """
    config = DrLIMConfig(loss="margin", norm="l2", normalise=True, changes=1.0, optimizer="adamw", learning_rate=1e-3)
    return Recipe(config=config, training=Training(steps=1200, batch_size=64), folds=FOLDS)


FOLDS = Folds(folds=7, whole_classes=True)
"""One class in seven is held out, so 5 of 35 people: what is told apart later is who was never seen."""
