"""Fine-tuning on images: a classifier on a trained network, with its last layers or all of them trained on labels.

Source: the classification of PASCAL VOC 2007 in the released code of Krahenbuhl, Doersch, Donahue, Darrell,
*Data-dependent Initializations of Convolutional Neural Networks*, 2016, whose columns are those of Donahue, Krahenbuhl,
Darrell, *Adversarial Feature Learning*, 2017, table 3: ``fc8``, the classifier alone is trained; ``fc6-8``, the linear
layers, on frozen convolutions; ``all``. Two hidden layers that the network lacks are added with random weights, scaled
to the data; in ``fc8`` they stay so.

Differs from the code: sides of crops are a share of the image, half to twice 227 of its usual 375 pixels; the layers
that are added are drawn from N(0, 1) before they are scaled; AdamW with a cosine unless the published SGD is asked for.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lessup.backbones import MOST_FEATURES, dense, flat, magic_init
from lessup.errors import UsageError
from lessup.methods import ImageEncoder, Losses, Method
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.spacing import evenly_spaced
from lessup.training.modes import batch_on
from lessup.training.unrecorded import fit_unrecorded
from lessup.transforms.crops import crop_resize, mirrored
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.squares import random_squares

Trained = Literal["fc8", "fc6-8", "all"]
"""Which layers are trained."""

LEAST_SHARE, MOST_SHARE = 0.5 * 227 / 375, 2 * 227 / 375
"""Side of a crop over the short side of the image, before it is capped at 1."""

HIDDEN = ("fc6", "fc7")

AS_ALEXNET, SMALL = 4096, 512
"""Width of added layers behind a map of as many numbers as AlexNet's, and behind a smaller one."""

WIDE_MAP = MOST_FEATURES
"""Numbers of AlexNet's last map."""

CROP_SEED = -3
"""Seed of the crops of test images; no run trains with it."""


@dataclass(frozen=True, kw_only=True)
class ImageFineTuningConfig:
    """How a network is fine-tuned.

    Attributes:
        num_classes: K.
        several: whether an image may have several classes: a sigmoid for each in place of one softmax.
        trained: which layers.
        hidden: units of each layer that is added; 0 takes 4,096, or 512 behind a map smaller than AlexNet's.
        dropout: share of the outputs of fc6 and fc7 that is dropped.
        optimizer: ``adamw`` with a cosine, or the published ``sgd``, its rate halved eight times.
        learning_rate: its peak.
        weight_decay: of all weights.
    """

    num_classes: int
    several: bool = False
    trained: Trained = "all"
    hidden: int = 0
    dropout: float = 0.5
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.01


class FineTunedImages(Method):
    """A copy of a trained network with a classifier."""

    Config: ClassVar = ImageFineTuningConfig
    paper: ClassVar = (
        "Krahenbuhl, Doersch, Donahue, Darrell, Data-dependent Initializations of Convolutional Neural Networks, 2016, "
        "https://arxiv.org/abs/1511.06856"
    )
    reads: ClassVar = ("image", "extent", "label")
    layers: ClassVar = ("logits",)

    def __init__(self, trained: ImageEncoder, config: ImageFineTuningConfig) -> None:
        """Copy a network.

        Args:
            trained: the network; stays as it is.
            config: the classifier, and what of it is trained.

        Raises:
            UsageError: the network has no two linear layers, and none can be added.
        """
        super().__init__()
        self.config = config
        self.body = copy.deepcopy(trained).requires_grad_(False)
        chain = dense.chain(trained.backbone)
        self.added, width = _added(trained, config)
        self.frozen = _frozen(chain, config.trained)
        self.stops = tuple(name for name in chain if name in {*HIDDEN, chain[-1], *self.frozen[-1:]})
        self.decide = nn.Linear(width, config.num_classes)
        nn.init.normal_(self.decide.weight, std=0.01)
        nn.init.constant_(self.decide.bias, 0.1)
        self.added.requires_grad_(False)
        for part in self._learning():
            part.requires_grad_(True)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64), ``extent`` and ``label`` of two classes."""
        label = torch.arange(batch_size) % 2
        image = torch.rand(batch_size, 3, 64, 64) * (0.4 + 0.6 * label.view(-1, 1, 1, 1))
        return {"image": image, "extent": torch.full((batch_size, 2), 64), "label": label}

    def train(self, mode: bool = True) -> "FineTunedImages":
        """Change the mode of the layers that are trained; frozen ones keep the statistics they have."""
        super().train(mode)
        self.body.eval()
        if mode:
            for part in self._learning():
                part.train()
        return self

    def begin(self, samples: Samples, seed: int) -> None:
        """Scale the added layers to the training images.

        Raises:
            DataError: the images are all alike.
        """
        if not len(self.added):
            return
        chosen = evenly_spaced(len(samples), magic_init.NUM_IMAGES)
        with torch.no_grad():
            batch = batch_on(self.device, samples, chosen)
            features = flat(self.body.backbone(self.body.prepared(batch)))
            magic_init.initialise(magic_init.chain(nn.Sequential(*self.added.values())), features, seed=seed)

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of random crops, summed over classes where there are several in an image."""
        logits = self._logits(self._crops(batch, draws), draws if self.training else None)
        if self.config.several:
            tags = batch["tags"]
            each = F.binary_cross_entropy_with_logits(logits, (tags == 1).to(logits), reduction="none")
            return Losses({"classification": (each * (tags >= 0)).sum() / len(tags)})
        right = (logits.detach().argmax(1) == batch["label"]).float().mean()
        return Losses({"classification": F.cross_entropy(logits, batch["label"])}, {"accuracy": 100 * right})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, K) logits of whole images.

        Raises:
            UsageError: there is no such layer.
        """
        self.chosen(layer)
        return self._logits(self.body.prepared(batch), None)

    def classify_crops(self, samples: Samples, num_crops: int, *, batch_size: int = 64) -> NDArray[np.float32]:
        """Return (num_crops, N, K) logits of random crops of every image; the same crops for every network."""
        parts = []
        with torch.inference_mode():
            for number, start in enumerate(range(0, len(samples), batch_size)):
                batch = batch_on(self.device, samples, np.arange(start, min(start + batch_size, len(samples))))
                draws = Draws.at(CROP_SEED, number, device=self.device)
                parts.append(torch.stack([self._logits(self._crops(batch, draws), None) for _ in range(num_crops)]))
        logits: NDArray[np.float32] = torch.cat(parts, 1).float().cpu().numpy()
        return logits

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return the published SGD, or AdamW whose rate rises over a twentieth of the run and falls along a cosine."""
        config = self.config
        if config.optimizer == "sgd":
            learnt = [weight for weight in self.parameters() if weight.requires_grad]
            sgd = torch.optim.SGD(learnt, lr=config.learning_rate, momentum=0.9, weight_decay=config.weight_decay)
            return {"classification": Optimization(sgd, LambdaLR(sgd, lambda update: 0.5 ** (8 * update // num_steps)))}
        return {"classification": adamw_with_cosine(self, config.learning_rate, config.weight_decay, num_steps)}

    def _learning(self) -> Sequence[nn.Module]:
        """Return what is trained."""
        stages = [stage for name, stage in self.body.backbone.stages.items() if name not in self.frozen]
        return [*stages, *([] if self.config.trained == "fc8" else [self.added]), self.decide]

    def _crops(self, batch: Batch, draws: Draws) -> Tensor:
        """Return (B, C, S, S) random squares, prepared as the network wants whole images."""
        side = self.body.backbone.side
        share = LEAST_SHARE + (MOST_SHARE - LEAST_SHARE) * draws.uniform(len(batch["image"]), 1)
        box = mirrored(random_squares(batch["extent"], share.clamp(max=1), draws), draws)
        image = crop_resize(batch["image"], box, (side, side))
        return self.body.prepared({"image": image, "extent": torch.full_like(batch["extent"], side)})

    def _logits(self, image: Tensor, draws: Draws | None) -> Tensor:
        """Map prepared (B, C, S, S) to (B, K) logits; ``draws`` turns dropout on."""
        backbone, x, done = self.body.backbone, image, None
        for name in self.stops:
            with torch.set_grad_enabled(torch.is_grad_enabled() and name not in self.frozen):
                x = self._dropped(backbone.features(x, (name,), after=done)[name], name, draws)
            done = name
        x = flat(x)
        for name, layer in self.added.items():
            x = self._dropped(layer(x), name, draws)
        logits: Tensor = self.decide(x)
        return logits

    def _dropped(self, x: Tensor, name: str, draws: Draws | None) -> Tensor:
        return x if draws is None or name not in HIDDEN else dropout(x, self.config.dropout, draws)


def fine_tuned(
    start: ImageEncoder, samples: Samples, config: ImageFineTuningConfig, settings: Training
) -> FineTunedImages:
    """Train a copy of a network on labelled images, on its device; nothing is left behind but the weights.

    Args:
        start: first weights; stays as it is.
        samples: all have a label, or tags.
        config: the classifier, and what of the network is trained.
        settings: how; its seed also decides the weights that are added.

    Raises:
        UsageError: the network has no two linear layers, and none can be added.
        DataError: the images are all alike.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(settings.seed)
        network = FineTunedImages(start, config).to(start.device)
    fit_unrecorded(network, samples, settings)
    return network


def columns(trained: ImageEncoder) -> tuple[Trained, ...]:
    """Return what of a network can be trained: ``fc6-8`` only where it has these layers, or they can be added."""
    chain = dense.chain(trained.backbone)
    with_hidden = len(trained.backbone.shapes[chain[-1]]) == 3 or any(name in HIDDEN for name in chain)
    return ("fc8", "fc6-8", "all") if with_hidden else ("fc8", "all")


def _frozen(chain: tuple[str, ...], trained: Trained) -> tuple[str, ...]:
    """Return the layers of the backbone that are not trained."""
    convolutions = chain[: min((chain.index(name) for name in HIDDEN if name in chain), default=len(chain))]
    frozen: dict[Trained, tuple[str, ...]] = {"fc8": chain, "fc6-8": convolutions, "all": ()}
    return frozen[trained]


def _added(trained: ImageEncoder, config: ImageFineTuningConfig) -> tuple[nn.ModuleDict, int]:
    """Return those of fc6 and fc7 that the network lacks, where it ends in a map or in fc6, and their width."""
    if config.trained not in columns(trained):
        raise UsageError(f"this network has no fc6 and fc7 to train: choose among {', '.join(columns(trained))}")
    chain, shapes = dense.chain(trained.backbone), trained.backbone.shapes
    width = flat(torch.zeros(1, *shapes[chain[-1]])).shape[1]
    hidden = config.hidden or (AS_ALEXNET if width >= WIDE_MAP else SMALL)
    missing = [name for name in HIDDEN if name not in chain] if "fc6-8" in columns(trained) else []
    if chain[-1] == "fc6" and not config.hidden:
        hidden = width
    layers = {}
    for name in missing:
        layers[name] = nn.Sequential(nn.Linear(width, hidden), nn.ReLU())
        width = hidden
    return nn.ModuleDict(layers), width
