"""Turn the later strides of a network into dilations, so that its deepest map becomes finer and its weights still fit.

Source: Chen, Papandreou, Kokkinos, Murphy, Yuille, *Semantic Image Segmentation with Deep Convolutional Nets and Fully
Connected CRFs*, 2015, https://arxiv.org/abs/1412.7062, section 3.1 (the "hole algorithm"); torchvision's ResNets have
it as ``replace_stride_with_dilation``. A layer that skips no places any more leaves more of them; every layer behind it
looks as many times farther, and so meets the values that it met before.

Nothing here knows a network's name: a blank image is sent through, and as the layers of a network keep the size of
their map unless they skip places, the size of a map tells its stride.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.backbones import Backbone
from lessup.backbones.dense import chain, last_map
from lessup.errors import UsageError

STRIDE = 8
"""Pixels between two places of the map, as published."""

PLACED = (nn.Conv2d, nn.MaxPool2d, nn.ZeroPad2d)
"""Layers whose places can be moved apart."""

POINTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.SiLU, nn.GELU, nn.Identity, nn.Dropout, nn.Dropout2d),
    *(nn.BatchNorm2d, nn.SyncBatchNorm, nn.LocalResponseNorm),
)
"""Layers that look at one place alone."""


@dataclass(frozen=True)
class Grid:
    """Where the places of a map lie in an image, the same along both sides.

    Attributes:
        start: pixel in the middle of what the first place sees; 0 is the middle of the first pixel.
        step: pixels from one place to the next.
    """

    start: float
    step: float

    def pixels(self, count: int, length: int) -> Tensor:
        """Return (count,) int64: the pixel under each place, the nearest where it lies beyond an image of ``length``.

        >>> Grid(start=1.0, step=8.0).pixels(3, 16).tolist()
        [1, 9, 15]
        """
        places = self.start + self.step * torch.arange(count, dtype=torch.float64)
        return places.round().long().clamp(0, length - 1)

    def weights(self, count: int, length: int) -> Tensor:
        """Return (length, count) float32: how much each place counts at each pixel, linearly between two places.

        >>> Grid(start=1.0, step=2.0).weights(2, 4)
        tensor([[1.0000, 0.0000],
                [1.0000, 0.0000],
                [0.5000, 0.5000],
                [0.0000, 1.0000]])
        """
        place = ((torch.arange(length, dtype=torch.float64) - self.start) / self.step).clamp(0, count - 1)
        return (1 - (place[:, None] - torch.arange(count)).abs()).clamp(min=0).float()


class DilatedMaxPool(nn.MaxPool2d):
    """Max pooling that pads as far as its dilation asks; torch pads by half of an undilated window at most."""

    @classmethod
    def like(cls, pool: nn.MaxPool2d) -> "DilatedMaxPool":
        """Return a pooling that does the same, but a window of two places is widened to three."""
        kernel, padding = _side(pool.kernel_size), _side(pool.padding)
        if kernel == 2:
            kernel, padding = 3, 1
        return cls(kernel, _side(pool.stride), padding, _side(pool.dilation), ceil_mode=pool.ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        """Return the maximum of each window of (B, C, H, W); what lies beyond the map never is."""
        padded = F.pad(x, (_side(self.padding),) * 4, value=-torch.inf)
        return F.max_pool2d(padded, self.kernel_size, self.stride, 0, self.dilation, self.ceil_mode)


def dilated(backbone: Backbone, *, stride: int = STRIDE, layer: str = "") -> tuple[Backbone, Grid]:
    """Return a copy of a network up to a map whose places are at most ``stride`` pixels apart, where that can be had.

    Every so many places the finer map holds what the coarser one held, but for the rim, of which it has more. Pooling
    windows of two places are widened to three around each place, as the paper does with VGG-16.

    Args:
        backbone: stays as it is.
        stride: wanted, a power of two.
        layer: the last to keep; if empty the deepest map that convolutions, max pooling and layers that look at one
            place make of the image. A network without one keeps its strides and ends with its ``last_map``.

    Returns:
        The copy, whose last layer is the map, and where its places lie.

    Raises:
        UsageError: there is no such layer, it is no map, or no map is fine enough.
    """
    if layer and layer not in chain(backbone):
        raise UsageError(f"no layer {layer!r}: choose among {', '.join(chain(backbone))}")
    pliable = _pliable(backbone)
    if not pliable or (layer and layer not in pliable):
        return _kept(backbone, layer or last_map(backbone))
    copied = copy.deepcopy(backbone.until(layer or pliable[-1]))
    for parent in [*copied.modules()]:
        for name, part in parent.named_children():
            if isinstance(part, nn.MaxPool2d):
                parent.add_module(name, DilatedMaxPool.like(part))
    for part, grid in _traced(copied)[0].items():
        _move_apart(part, int(grid.step), stride)
    fine = copied.until(copied.layers[-1]).train(backbone.training)  # anew, for its shapes
    return fine, _traced(fine)[1]


def off_centre(backbone: Backbone, *, layer: str) -> float:
    """Return by how many pixels the places of a map look away from the middle of what each of them sees.

    A network that pads more on one side, or as much on both before it skips places, sees a window that begins too far
    to one side. But where half of the images were mirrored in training, the map of a mirrored image is the mirrored
    map, and so each place answers for the middle of its share of the image, whatever its window. That the same holds
    from top to bottom is taken for granted.

    Args:
        backbone: as it was trained; stays as it is.
        layer: the map.

    Returns:
        pixels to the right and down, to be added to a ``Grid`` of ``dilated``; 0 where strides cannot be turned.
    """
    if layer not in _pliable(backbone):
        return 0.0
    grid = _traced(copy.deepcopy(backbone).until(layer))[1]
    return (grid.step - 1) / 2 - grid.start


def _pliable(backbone: Backbone) -> tuple[str, ...]:
    """Return the first layers of the chain that are maps and consist of nothing but ``PLACED`` and ``POINTWISE``."""
    names: list[str] = []
    for name in chain(backbone):
        leaves = [part for part in backbone.stages[name].modules() if not [*part.children()]]
        if len(backbone.shapes[name]) != 3 or not all(_can_move(leaf) for leaf in leaves):
            break
        names.append(name)
    return tuple(names)


def _can_move(leaf: nn.Module) -> bool:
    if isinstance(leaf, nn.Conv2d | nn.MaxPool2d):
        stride = _side(leaf.stride)
        return not isinstance(leaf.padding, str) and stride & (stride - 1) == 0
    return isinstance(leaf, (*PLACED, *POINTWISE))


def _kept(backbone: Backbone, layer: str) -> tuple[Backbone, Grid]:
    """Return a copy with its strides; a place of its map is taken to lie in the middle of its share of the image."""
    if len(backbone.shapes[layer]) != 3:
        raise UsageError(f"layer {layer!r} has shape {backbone.shapes[layer]}: wanted a map (C, H, W)")
    step = backbone.side / backbone.shapes[layer][1]
    return copy.deepcopy(backbone.until(layer)), Grid((step - 1) / 2, step)


def _traced(backbone: Backbone) -> tuple[dict[nn.Module, Grid], Grid]:
    """Return the grid of the map that every layer of ``PLACED`` reads, and that of the last map."""
    grids = {backbone.side: Grid(0.0, 1.0)}  # by the height of a map
    reads: dict[nn.Module, Grid] = {}
    at_work: list[int] = []  # heights of what the layers read that have begun and not ended

    def enter(_: nn.Module, inputs: tuple[Tensor]) -> None:
        at_work.append(inputs[0].shape[2])

    def leave(part: nn.Module, _: tuple[Tensor], output: Tensor) -> None:
        reads[part], height = grids[at_work.pop()], output.shape[2]
        grid = _behind(part, reads[part])
        assert grids.setdefault(height, grid) == grid, "two maps of one size lie on different places"
        if at_work:  # within a convolution that pads with a layer of its own
            at_work[-1] = height

    placed = [part for part in backbone.modules() if isinstance(part, PLACED)]
    hooks = [part.register_forward_pre_hook(enter) for part in placed]
    hooks += [part.register_forward_hook(leave) for part in placed]
    training = backbone.training
    with torch.no_grad():
        last = backbone.eval()(torch.zeros(1, backbone.channels, backbone.side, backbone.side))
    backbone.train(training)
    for hook in hooks:
        hook.remove()
    return reads, grids[last.shape[2]]


def _behind(part: nn.Module, grid: Grid) -> Grid:
    """Return the grid of what a layer gives, from that of what it reads."""
    if isinstance(part, nn.ZeroPad2d):
        return Grid(grid.start - grid.step * part.padding[2], grid.step)
    assert isinstance(part, nn.Conv2d | nn.MaxPool2d)
    reach = _side(part.dilation) * (_side(part.kernel_size) - 1) / 2 - _side(part.padding)
    return Grid(grid.start + grid.step * reach, grid.step * _side(part.stride))


def _move_apart(part: nn.Module, step: int, stride: int) -> None:
    """Have a layer read places that are ``step`` pixels apart from a map whose places are ``stride`` apart at most.

    Where the map is finer than it was, what a layer gives lies on the places that it reads, none fewer.
    """
    if isinstance(part, nn.ZeroPad2d):
        if step >= stride:
            part.padding = (0, 0, 0, 0)  # its convolution will
        return
    assert isinstance(part, nn.Conv2d | nn.MaxPool2d)
    skipped = _side(part.stride)
    if step >= stride:
        dilation = _side(part.dilation) * step // stride
        padding = dilation * (_side(part.kernel_size) - 1) // 2
        part.stride, part.dilation, part.padding = (1, 1), (dilation, dilation), (padding, padding)
    elif step * skipped > stride:
        part.stride = (stride // step, stride // step)


def _side(size: object) -> int:
    """Return what holds along one side of a layer that is the same along both."""
    side = size[0] if isinstance(size, Sequence) else size
    assert isinstance(side, int)
    return side
