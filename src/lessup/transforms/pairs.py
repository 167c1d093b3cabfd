"""Pairs of the samples of a batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lessup.transforms.draws import Draws


@dataclass(frozen=True)
class Pairs:
    """M pairs.

    Attributes:
        first: (M,) int64, positions in the batch.
        second: (M,) int64, positions of the partners.
        different: (M,) bool, True where the two are of two classes.
    """

    first: Tensor
    second: Tensor
    different: Tensor


def balanced_pairs(label: Tensor, draws: Draws) -> Pairs:
    """Take as many pairs of one class as of two classes: all of the rarer kind, and as many drawn of the other.

    Args:
        label: (B,) int64, class, or -1 where not known: that sample is in no pair.
        draws: decides which pairs of the commoner kind are taken.

    Returns:
        Pairs, no two of the same samples; all of one kind where the batch has none of the other.

    >>> pairs = balanced_pairs(torch.tensor([0, 1, 0, 2]), Draws.at(0))
    >>> pairs.different.tolist()
    [False, True]
    """
    known = label >= 0
    both = (known[:, None] & known).triu(1)
    different = label[:, None] != label
    kinds = [(both & ~different).nonzero(), (both & different).nonzero()]  # (M, 2) each
    turn = draws.uniform(len(label), len(label))
    count = min(map(len, kinds)) or max(map(len, kinds))
    kept = [pairs[turn[pairs[:, 0], pairs[:, 1]].argsort()[:count]] for pairs in kinds]
    first, second = torch.cat(kept).unbind(1)
    return Pairs(first, second, different[first, second])
