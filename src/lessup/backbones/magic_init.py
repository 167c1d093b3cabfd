"""Choose the first weights of a network from a few images, so that every layer starts in range and learns equally fast.

Philipp Krahenbuhl, Carl Doersch, Jeff Donahue, Trevor Darrell, *Data-dependent Initializations of Convolutional Neural
Networks*, 2016, https://arxiv.org/abs/1511.06856. The steps follow the authors' released code::

    operations = chain(backbone, classifier)
    initialise(operations, images, kind="k-means", seed=0)
    calibrate(operations, images, seed=0)

*Differs from the paper:* patches are cut out of a layer's input, where the released code sees them through random
filters because its framework cannot cut them. Calibration ends when every ratio is within 1 % of the target, where the
code compares logarithms; for this the ratios are averaged over all images in batches of 16, under random gradients that
are the same in every round, where the code takes one batch and new gradients. The paper leaves batch normalisation out:
here a layer before it keeps the scale of its drawn weights, which makes no difference to what comes after, and the
batch's own statistics normalise while weights are chosen.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.backbones import Aside, Backbone
from lessup.errors import DataError, UsageError

Kind = Literal["random", "pca", "k-means"]
Weighted = nn.Conv2d | nn.Linear
Norm = nn.BatchNorm1d | nn.BatchNorm2d

BETA = 0.1
"""Mean of every channel before its nonlinearity; above 0, so that more than half of the rectifiers are open."""

NUM_IMAGES = 160
"""Images that the released code looks at: 10 batches of 16."""

BATCH_SIZE = 16
"""Images whose gradients are added up; few, because what images have in common makes their sum vary a lot."""

MOST_NUMBERS = 2**25
"""A layer's patches are thinned out to so many numbers."""

PLAIN = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveAvgPool2d,
    nn.LocalResponseNorm,
    nn.Flatten,
)
"""Operations without weights."""


def chain(*parts: nn.Module) -> list[nn.Module]:
    """Return the single operations of backbones and layers that run one after the other.

    Raises:
        UsageError: one of them is something else than a convolution, a linear layer or what stands between those.

    >>> [type(operation).__name__ for operation in chain(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Linear(3, 1))]
    ['Linear', 'ReLU', 'Linear']
    """
    return [operation for part in parts for operation in _operations(part)]


@torch.no_grad()
def initialise(
    operations: Sequence[nn.Module], images: Tensor, *, kind: Kind = "random", seed: int = 0, beta: float = BETA
) -> None:
    """Fill all weights, layer by layer, so that every channel has mean ``beta`` and variance 1 over the images.

    ``random`` draws weights from N(0, 1); ``pca`` takes the directions in which a layer's inputs vary most; ``k-means``
    the centres of its whitened inputs. Both fall back on ``random`` where there are fewer inputs than channels, as
    in linear layers.

    Args:
        operations: see ``chain``; changed in place.
        images: (N, C, H, W) as the first operation takes them; about ``NUM_IMAGES``.
        kind: how weights are found before they are scaled.
        seed: decides the weights.
        beta: mean of a channel before its nonlinearity.

    Raises:
        DataError: a channel is equal everywhere on these images.
    """
    generator = torch.Generator().manual_seed(seed)
    x = images
    for operation, following in pairwise([*operations, nn.Identity()]):
        if isinstance(operation, Weighted):
            _fill(operation, x, kind, generator)
            if operation.bias is not None:
                operation.bias.zero_()
            if not isinstance(following, Norm):
                _normalise(operation, operation(x), beta)
        x = _apply(operation, x)


def calibrate(
    operations: Sequence[nn.Module],
    images: Tensor,
    *,
    seed: int = 0,
    rounds: int = 10,
    tolerance: float = 0.01,
) -> list[float]:
    """Scale the layers so that a gradient changes all of them by the same share of their weights.

    What the network computes stays the same up to one factor, if it has no nonlinearity but rectifiers and poolings.
    It may be newly initialised or trained.

    Args:
        operations: see ``chain``; changed in place. Random gradients are applied to the output of the last one.
        images: (N, C, H, W) as the first operation takes them.
        seed: decides these gradients.
        rounds: at least 1, at most so many.
        tolerance: largest relative distance of a layer's ratio from the target.

    Returns:
        Every layer's ratio of the root mean squares of gradient and weight, as measured last.

    Raises:
        DataError: a layer gets no gradient, because all of its rectifiers are closed.
    """
    sizes, spread = _sizes(operations, images)
    free = _scaling(operations)
    for _ in range(rounds):
        ratio = gradient_ratios(operations, images, seed)
        target = ratio.log().mean().exp() * (spread ** (1 / free) if free else 1)
        if ((ratio / target - 1).abs() < tolerance).all():
            break
        spread = _rescale(operations, images, (ratio / target).sqrt().tolist(), sizes)
    return ratio.tolist()


def gradient_ratios(operations: Sequence[nn.Module], images: Tensor, seed: int) -> Tensor:
    """Return (L,) float64 ratios of the root mean squares of gradient and weight, under random gradients of the output.

    Gradients are summed over batches of ``BATCH_SIZE``, their squares averaged over batches.

    Args:
        operations: with L layers that have weights.
        images: (N, C, H, W) as the first operation takes them.
        seed: decides the gradients of the output, N(0, 1).

    Raises:
        DataError: a layer gets no gradient, or has no weight other than 0.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = [operation.weight for operation in operations if isinstance(operation, Weighted)]
    batches = torch.split(images, BATCH_SIZE)
    squares = sum(_gradient_squares(operations, weights, batch, generator) for batch in batches) / len(batches)
    ratio = (squares / torch.stack([_mean_square(weight) for weight in weights])).sqrt()
    dead = (~(ratio > 0) | ~ratio.isfinite()).nonzero().flatten().tolist()
    if dead:
        raise DataError(
            f"layer {dead[0] + 1} of {len(weights)} gets no gradient from these images: initialise it first"
        )
    return ratio


def _gradient_squares(
    operations: Sequence[nn.Module], weights: list[Tensor], batch: Tensor, generator: torch.Generator
) -> Tensor:
    """Return (L,) mean squares of the gradients of L weights."""
    with torch.enable_grad():
        x = batch
        for operation in operations:
            x = _apply(operation, x)
        upstream = torch.randn(x.shape, generator=generator).to(x)
        return torch.stack([_mean_square(gradient) for gradient in torch.autograd.grad(x, weights, upstream)])


def _scaling(operations: Sequence[nn.Module]) -> int:
    """Return how many layers set the scale of the output: those behind the last batch normalisation."""
    last = max((place for place, operation in enumerate(operations) if isinstance(operation, Norm)), default=0)
    return sum(isinstance(operation, Weighted) for operation in operations[last:])


def _operations(part: nn.Module) -> Iterable[nn.Module]:
    if isinstance(part, Backbone):
        part = nn.Sequential(*(stage for stage in part.stages.values() if not isinstance(stage, Aside)))
    if isinstance(part, nn.Sequential):
        for child in part:
            yield from _operations(child)
    elif isinstance(part, (Weighted, Norm, *PLAIN)):
        yield part
    elif not isinstance(part, nn.Identity | nn.Dropout):
        raise UsageError(
            f"magic-init goes through convolutions and linear layers one after the other; {type(part).__name__} is "
            "more than that: choose a backbone of the AlexNet family"
        )


def _apply(operation: nn.Module, x: Tensor) -> Tensor:
    """Run an operation; batch normalisation by the batch's own statistics, without taking note of them."""
    if isinstance(operation, Norm):
        return F.batch_norm(x, None, None, operation.weight, operation.bias, training=True, eps=operation.eps)
    output: Tensor = operation(x)
    return output


def _normalise(layer: Weighted, output: Tensor, beta: float) -> None:
    """Give every channel of a layer's output mean ``beta`` and variance 1."""
    values = output.transpose(0, 1).flatten(1)  # (C, N * positions)
    mean, std = values.mean(1), values.std(1, correction=0)
    if not (std > 0).all():
        raise DataError("a channel is equal everywhere on these images: give more of them, and different ones")
    layer.weight /= std.view(-1, *[1] * (layer.weight.ndim - 1))
    if layer.bias is not None:
        layer.bias.copy_(beta - mean / std)


def _fill(layer: Weighted, x: Tensor, kind: Kind, generator: torch.Generator) -> None:
    layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
    if kind == "random":
        return
    groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
    for weight, part in zip(layer.weight.chunk(groups), x.chunk(groups, 1), strict=True):
        patches = _patches(layer, part, generator).double()
        if len(patches) < len(weight):
            continue
        patches -= patches.mean(0)
        count = len(weight)
        found = _principal(patches, count) if kind == "pca" else _centres(patches, count, generator)
        useful = found.any(1).nonzero().flatten()
        weight[useful] = found[useful].view(-1, *weight.shape[1:]).to(weight)


def _patches(layer: Weighted, x: Tensor, generator: torch.Generator) -> Tensor:
    """Return (P, D) inputs of a layer: what its filters lie over, at random places of each image."""
    if isinstance(layer, nn.Linear):
        return x
    width = layer.weight[0].numel()
    most = max(MOST_NUMBERS // (width * len(x)), 1)
    kept = []
    for image in x:
        patches = F.unfold(image[None], layer.kernel_size, layer.dilation, _padding(layer), layer.stride)[0].T
        kept.append(patches[torch.randperm(len(patches), generator=generator)[:most]])
    return torch.cat(kept)


def _padding(layer: nn.Conv2d) -> tuple[int, ...]:
    assert not isinstance(layer.padding, str), "paddings are numbers here"
    return layer.padding


def _principal(patches: Tensor, count: int) -> Tensor:
    """Return up to ``count`` filters (K, D) that whiten centred patches (P, D); 0 for directions without variance."""
    power, direction = torch.linalg.eigh(patches.T @ patches)
    inverse = torch.where(power < 1e-6, 0.0, (power.clamp(min=0) + 1e-3).rsqrt())
    filters: Tensor = (direction * inverse).T[-count:]
    return filters


def _centres(patches: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return (count, D) filters: centres of whitened patches (P, D) on the unit sphere, for patches not whitened."""
    whitening = _principal(patches, count)
    white = patches @ whitening.T
    white = white / white.norm(dim=1, keepdim=True).clamp(min=1e-12)
    seed = int(torch.randint(2**31, (), generator=generator))
    machine = MiniBatchKMeans(count, batch_size=10 * count, n_init=1, random_state=seed).fit(white.cpu().numpy())
    filters: Tensor = torch.from_numpy(machine.cluster_centers_).to(whitening) @ whitening
    return filters


@torch.no_grad()
def _sizes(operations: Sequence[nn.Module], images: Tensor) -> tuple[list[float], float]:
    """Return the mean size of every layer's input, and the mean standard deviation of the output's channels."""
    sizes, x = [], images
    for operation in operations:
        if isinstance(operation, Weighted):
            sizes.append(float(x.abs().mean()))
        x = _apply(operation, x)
    return sizes, _spread(x)


@torch.no_grad()
def _rescale(operations: Sequence[nn.Module], images: Tensor, factors: list[float], sizes: list[float]) -> float:
    """Scale every layer by its factor, and its bias also as its input has been; return the output's new spread.

    Args:
        operations: changed in place.
        images: (N, C, H, W).
        factors: of L layers.
        sizes: mean size of each layer's input; replaced by the new one.
    """
    number, x = 0, images
    for operation, following in pairwise([*operations, nn.Identity()]):
        if isinstance(operation, Weighted):
            size = float(x.abs().mean())
            whole = factors[number] * size / sizes[number]
            operation.weight *= factors[number]
            if operation.bias is not None:
                operation.bias *= whole
            if isinstance(following, Norm) and following.running_mean is not None and following.running_var is not None:
                following.running_mean *= whole
                following.running_var *= whole**2
            sizes[number] = size
            number += 1
        x = _apply(operation, x)
    return _spread(x)


def _spread(x: Tensor) -> float:
    return float(x.transpose(0, 1).flatten(1).std(1, correction=0).mean())


def _mean_square(x: Tensor) -> Tensor:
    square: Tensor = x.detach().double().square().mean()
    return square
