"""Filters of a convolution found by k-means on the whitened patches that it sees.

Source: Krähenbühl, Doersch, Donahue, Darrell, *Data-dependent Initializations of Convolutional Neural Networks*, 2016,
https://arxiv.org/abs/1511.06856, 3.1 and the released code: subtract the mean, whiten with as many of the largest
principal components as there are filters, scale each patch to unit length, cluster. Coates and Ng, *Learning Feature
Representations with K-means*, 2012, say why. A step of mini-batch k-means is that of Sculley, *Web-Scale K-Means
Clustering*, 2010: every centroid is the mean of all patches that ever chose it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.transforms.draws import Draws

SMALLEST_SCATTER = 1e-3
"""Added to the eigenvalues of the scatter matrix, so that a direction without spread is not blown up."""

LONELY = 0.01
"""A centroid that fewer patches ever chose than this share of what the most wanted one got starts anew."""


class PatchClusters(nn.Module):
    """Centroids of the patches of one convolution, group by group, with all that a checkpoint must hold of them.

    Attributes:
        mean: (G, F) mean of the F numbers of a patch.
        scatter: (G, F, F) sum of outer products of patches minus their mean.
        seen: () patches that mean and scatter come from.
        whitening: (G, M, F) maps patches minus their mean to M numbers of equal variance, not correlated.
        centroids: (G, K, M).
        chosen: (G, K) patches that ever chose each.
    """

    mean: Tensor
    scatter: Tensor
    seen: Tensor
    whitening: Tensor
    centroids: Tensor
    chosen: Tensor

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        groups, filters, size = layer.groups, layer.out_channels // layer.groups, layer.weight[0].numel()
        kept = min(filters, size)
        self.register_buffer("mean", torch.zeros(groups, size))
        self.register_buffer("scatter", torch.zeros(groups, size, size))
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("whitening", torch.zeros(groups, kept, size))
        self.register_buffer("centroids", torch.zeros(groups, filters, kept))
        self.register_buffer("chosen", torch.zeros(groups, filters))

    def measure(self, patches: Tensor) -> None:
        """Add (G, P, F) patches to the mean and the scatter."""
        count = patches.shape[1]
        total = self.seen + count
        mean = patches.mean(1)
        apart = mean - self.mean
        centred = patches - mean[:, None]
        between = apart[:, :, None] * apart[:, None, :] * (self.seen * count / total)
        self.scatter += centred.transpose(1, 2) @ centred + between
        self.mean += apart * (count / total)
        self.seen.copy_(total)

    def begin(self, patches: Tensor, draws: Draws) -> None:
        """Fix the whitening, and make patches drawn from (G, P, F) the first centroids."""
        self.whitening.copy_(whitening(self.scatter, self.whitening.shape[1]))
        points = self._points(patches)
        order = draws.uniform(points.shape[1]).argsort()
        places = torch.arange(self.centroids.shape[1], device=order.device) % len(order)
        self.centroids.copy_(points[:, order[places]])
        self.chosen.zero_()

    def move(self, patches: Tensor, draws: Draws) -> None:
        """Move each centroid to the mean of all patches that ever chose it, those of (G, P, F) included.

        A centroid that is hardly ever chosen is put onto a patch of this batch.
        """
        points = self._points(patches)
        one_hot = F.one_hot(self._choice(points), self.centroids.shape[1]).to(points.dtype)  # (G, P, K)
        self.chosen += one_hot.sum(1)
        pull = one_hot.transpose(1, 2) @ points - one_hot.sum(1)[:, :, None] * self.centroids
        self.centroids += pull / self.chosen.clamp(min=1)[:, :, None]
        lonely = self.chosen < LONELY * self.chosen.amax(1, keepdim=True)
        places = draws.integers(0, points.shape[1], self.centroids.shape[1])
        self.centroids.copy_(torch.where(lonely[:, :, None], points[:, places], self.centroids))
        self.chosen.clamp_(min=1)

    def error(self, patches: Tensor) -> Tensor:
        """Return the () mean squared distance of (G, P, F) patches, whitened and of length 1, to their centroids."""
        points = self._points(patches)
        return torch.cdist(points, self.centroids).amin(2).square().mean()

    def filters(self) -> Tensor:
        """Return (G * K, F) filters whose response to a patch is that of the centroids to the whitened patch."""
        return (self.centroids @ self.whitening).flatten(0, 1)

    def _points(self, patches: Tensor) -> Tensor:
        """Return (G, P, M) whitened patches of length 1."""
        return F.normalize((patches - self.mean[:, None]) @ self.whitening.transpose(1, 2), dim=2)

    def _choice(self, points: Tensor) -> Tensor:
        """Return (G, P) the nearest centroid of each point."""
        return torch.cdist(points, self.centroids).argmin(2)


def whitening(scatter: Tensor, kept: int) -> Tensor:
    """Return (..., M, F) maps that make the M largest principal components of a scatter matrix equally large.

    Args:
        scatter: (..., F, F) sums of outer products about the mean.
        kept: M <= F.
    """
    values, vectors = torch.linalg.eigh(scatter)  # in rising order
    scale = (values[..., -kept:].clamp(min=0) + SMALLEST_SCATTER).rsqrt()
    maps: Tensor = scale[..., None] * vectors[..., -kept:].transpose(-2, -1)
    return maps


def random_patches(x: Tensor, layer: nn.Conv2d, count: int, draws: Draws) -> Tensor:
    """Return (G, B * count, F) patches that a convolution meets at random places of (B, C, H, W) maps.

    Args:
        x: input of the layer.
        layer: the convolution, of G groups; F is the number of weights of one filter.
        count: patches an image.
        draws: decides the places.
    """
    assert isinstance(layer.padding, tuple)
    spread = F.unfold(x, layer.kernel_size, layer.dilation, layer.padding, layer.stride)  # (B, G * F, L)
    places = draws.integers(0, spread.shape[2], len(x), count)
    chosen = spread.gather(2, places[:, None].expand(-1, spread.shape[1], -1))
    return chosen.view(len(x), layer.groups, -1, count).permute(1, 0, 3, 2).flatten(1, 2)
