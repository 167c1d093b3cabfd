"""k-means: the filters of each convolution are the centres of clusters of the patches that it sees, layer by layer.

Philipp Krähenbühl, Carl Doersch, Jeff Donahue, Trevor Darrell, *Data-dependent Initializations of Convolutional Neural
Networks*, 2016, https://arxiv.org/abs/1511.06856, whose k-means row stands in the tables of later papers.

*Differs from the paper:* the convolutions alone are learnt, and what comes after them is left out; clusters are found
step by step (mini-batch k-means) with random patches as first centres; weights and biases of each layer are scaled on
one batch a step and not on ten at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones.patch_clusters import PatchClusters, random_patches
from lessup.errors import UsageError
from lessup.methods import ImageEncoder, Losses, Recipe
from lessup.optimization import Optimization
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.draws import Draws


@dataclass(frozen=True, kw_only=True)
class KMeansConfig:
    """What is learnt, and how long.

    Attributes:
        backbone: name of a network of convolutions without batch normalisation.
        layer: the last layer that is kept.
        updates: updates that each convolution is given: the first third measures its patches, the rest clusters them.
            A run has as many for every convolution; later updates change nothing.
        patches: drawn from each image at each update.
        bias: mean response that every filter is given, in standard deviations.
        channels: C of the images, filled in from the data.
    """

    backbone: str = "alexnet-caffe"
    layer: str = "pool5"
    updates: int = 30
    patches: int = 64
    bias: float = 0.1
    channels: int = 3


class KMeans(ImageEncoder):
    """A step of k-means is written as a step of gradient descent, so that it trains like every other method.

    The loss is half the squared distance of the weights to where k-means moves them; descent at a rate of 1 takes them
    there. Layers that are still to be learnt are random, and scaled like the learnt ones.

    Attributes:
        convolutions: of the backbone, in order.
        clusters: what k-means knows of the patches of each.
        updates: () int64, updates made so far.
    """

    Config: ClassVar = KMeansConfig
    paper: ClassVar = (
        "Philipp Krähenbühl, Carl Doersch, Jeff Donahue, Trevor Darrell, Data-dependent Initializations of "
        "Convolutional Neural Networks, 2016, https://arxiv.org/abs/1511.06856"
    )
    reads: ClassVar = ("image", "extent")
    config: KMeansConfig
    updates: Tensor

    def __init__(self, config: KMeansConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbones.build(config.backbone, channels=config.channels).until(config.layer)
        self.clusters = nn.ModuleList(PatchClusters(layer) for layer in self.convolutions)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        strange = [type(part).__name__ for part in self.backbone.modules() if [*part.parameters(recurse=False)]]
        if set(strange) != {"Conv2d"} or any(layer.bias is None for layer in self.convolutions):
            raise UsageError(
                f"k-means fits convolutions with biases alone; {config.backbone} has {', '.join(sorted(set(strange)))} "
                f"up to {config.layer}: pass --backbone alexnet-caffe or alexnet-small-plain"
            )

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """The layers that are learnt."""
        return [part for part in self.backbone.modules() if isinstance(part, nn.Conv2d)]

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64) float32 of random pixels and ``extent`` (B, 2) int64."""
        return {"image": torch.rand(batch_size, 3, 64, 64), "extent": torch.full((batch_size, 2), 64)}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Make an update of k-means for one layer, and compute how far the weights are from where it wants them.

        Args:
            batch: ``image`` (B, C, H, W) in [0, 1] and ``extent`` (B, 2) int64.
            draws: decides the places of the patches and the first centroids.

        Returns:
            the player ``filters``; ``quantisation_error`` is the mean squared distance of a whitened patch of unit
            length to its centroid, 1 while a layer's patches are still being measured and 0 at the end, and
            ``learning`` the number of the convolution that is being learnt.
        """
        active, age = divmod(int(self.updates), self.config.updates)
        error = torch.zeros((), device=draws.device)
        distances = []
        for number, (layer, x) in enumerate(zip(self.convolutions, self._inputs(batch), strict=True)):
            filters = layer.weight.detach()
            if number == active:
                filters, error = self._learnt(layer, x, age, draws)
            weight, bias = (layer.weight, layer.bias) if number < active else self._scaled(layer, filters, x)
            assert layer.bias is not None
            assert bias is not None
            distances += [(layer.weight - weight.detach()).square().sum(), (layer.bias - bias.detach()).square().sum()]
        if self.training:
            self.updates += 1
        log = {"quantisation_error": error, "learning": torch.tensor(min(active + 1, len(self.clusters)))}
        return Losses({"filters": torch.stack(distances).sum() / 2}, log)

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:  # noqa: ARG002 - every step is a whole one
        """Return plain gradient descent at a rate of 1, which goes all the way to where k-means wants the weights."""
        return {"filters": Optimization(torch.optim.SGD(self.backbone.parameters(), lr=1.0))}

    @torch.no_grad()
    def _inputs(self, batch: Batch) -> list[Tensor]:
        """Return the (B, C, H, W) input of every convolution."""
        inputs: list[Tensor] = []
        handles = [layer.register_forward_pre_hook(lambda _, x: inputs.append(x[0])) for layer in self.convolutions]
        try:
            self.backbone(self.prepared(batch))
        finally:
            for handle in handles:
                handle.remove()
        return inputs

    @torch.no_grad()
    def _learnt(self, layer: nn.Conv2d, x: Tensor, age: int, draws: Draws) -> tuple[Tensor, Tensor]:
        """Return the filters of the layer that is being learnt, after this update, and the quantisation error.

        Args:
            layer: a convolution.
            x: (B, C, H, W) its input.
            age: updates that were spent on it.
            draws: source of random numbers.
        """
        clusters = self.clusters[self.convolutions.index(layer)]
        assert isinstance(clusters, PatchClusters)
        patches = random_patches(x, layer, self.config.patches, draws)
        measured = self.config.updates // 3
        if self.training and (age < measured or age == 0):
            clusters.measure(patches)
        if age < measured:
            return layer.weight.detach(), torch.ones((), device=x.device)
        if self.training and age == measured:
            clusters.begin(patches, draws)
        if self.training:
            clusters.move(patches, draws)
        return clusters.filters().view_as(layer.weight), clusters.error(patches)

    @torch.no_grad()
    def _scaled(self, layer: nn.Conv2d, filters: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights and bias with which every channel has unit variance and the mean ``bias`` on this batch."""
        responses = F.conv2d(x, filters, None, layer.stride, layer.padding, layer.dilation, layer.groups)
        std, mean = torch.std_mean(responses, (0, 2, 3), correction=0)
        std = std.clamp(min=1e-6)
        return filters / std.view(-1, 1, 1, 1), self.config.bias - mean / std


def paper() -> Recipe:
    """Cluster patches of ImageNet for AlexNet, 480 images a layer; the paper takes 160 to scale a layer.

    Command: ``lessup train k-means --data IMAGENET --out RUN --recipe paper``.
    """
    return Recipe(config=KMeansConfig(), training=Training(steps=150, batch_size=16, log_every=5))


def cpu() -> Recipe:
    """Cluster patches for the small AlexNet in a few minutes on two cores.

    Command: ``lessup train k-means --data tiny-imagenet-100per.tar --out RUN --recipe cpu``.
    """
    config = KMeansConfig(backbone="alexnet-small-plain", updates=90, patches=32)
    return Recipe(config=config, training=Training(steps=450, batch_size=128, log_every=10))
