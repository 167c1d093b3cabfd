"""Fold batch normalisation into the weights before it, as networks are prepared for fine-tuning.

Source: the transfer of Doersch, Gupta, Efros 2015 and Donahue, Krahenbuhl, Darrell 2017, in their released code: the
averages of the whole training set take the place of a batch's statistics, and what is left are plain layers.
"""

import copy
from collections import OrderedDict

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from lessup.backbones import Backbone


def folded(backbone: Backbone) -> Backbone:
    """Return a copy without batch normalisation that computes the same as the backbone in ``eval`` mode.

    Only a normalisation right behind its layer is folded, within a stage of layers one after the other.

    Args:
        backbone: stays as it is.
    """
    copied = copy.deepcopy(backbone).eval()
    for name, stage in copied.stages.items():
        if type(stage) is nn.Sequential:
            copied.stages[name] = _folded(stage)
    return copied


def _folded(stage: nn.Sequential) -> nn.Sequential:
    parts: dict[str, nn.Module] = {}
    for name, part in stage.named_children():
        last = next(reversed(parts), None)
        before = parts[last] if last else None
        if last and isinstance(part, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            parts[last] = fuse_conv_bn_eval(before, part)
        elif last and isinstance(part, nn.BatchNorm1d) and isinstance(before, nn.Linear):
            parts[last] = fuse_linear_bn_eval(before, part)
        else:
            parts[name] = part
    return nn.Sequential(OrderedDict(parts))
