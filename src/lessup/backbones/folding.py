"""Fold batch normalisation into the weights before it, as networks are prepared for fine-tuning.

Source: the transfer of Doersch, Gupta, Efros 2015 and Donahue, Krahenbuhl, Darrell 2017, in their released code: the
averages of the whole training set take the place of a batch's statistics, and what is left are plain layers.
"""

import copy
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_weights

from lessup.backbones import Backbone


def folded(backbone: Backbone) -> Backbone:
    """Return a copy that computes what the backbone does in ``eval`` mode, and in training as well.

    A batch normalisation right behind a convolution or a linear layer, in layers one after the other, goes into its
    weights. Any other, as in the blocks of a ResNet, keeps its averages whatever it sees.

    Args:
        backbone: stays as it is.
    """
    copied = copy.deepcopy(backbone).eval()
    for part in list(copied.modules()):
        if isinstance(part, nn.Sequential):
            _fold(part)
    for part in list(copied.modules()):
        for name, norm in list(part.named_children()):
            if isinstance(norm, _BatchNorm):
                setattr(part, name, Frozen(norm))
    return copied


class Frozen(nn.Module):
    """A batch normalisation by the averages that it has; its gain and shift still learn."""

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.norm = norm.eval()

    def train(self, mode: bool = True) -> Self:
        """Change the mode of nothing below: in ``train`` mode a normalisation would go by the batch."""
        self.training = mode
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C) or (B, C, H, W) to the same shape."""
        normalised: Tensor = self.norm(x)
        return normalised


def _fold(part: nn.Sequential) -> None:
    for (name, layer), (following, norm) in pairwise(list(part.named_children())):
        fused: nn.Module | None = None
        if isinstance(layer, nn.Conv2d) and type(norm) is nn.BatchNorm2d:
            fused = fuse_conv_bn_eval(layer, norm)
        elif isinstance(layer, nn.Linear) and type(norm) is nn.BatchNorm1d:
            fused = _fused(layer, norm)
        if fused is not None:
            setattr(part, name, fused)
            setattr(part, following, nn.Identity())


def _fused(layer: nn.Linear, norm: nn.BatchNorm1d) -> nn.Linear:
    """Return a linear layer that also normalises; PyTorch's own wants a gain and a shift."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None, "the averages of a backbone are tracked"
    assert variance is not None
    gain = torch.ones_like(mean) if norm.weight is None else norm.weight
    shift = torch.zeros_like(mean) if norm.bias is None else norm.bias
    fused = copy.deepcopy(layer)
    fused.weight, fused.bias = fuse_linear_bn_weights(layer.weight, layer.bias, mean, variance, norm.eps, gain, shift)
    return fused
