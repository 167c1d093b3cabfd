"""Triplets of a batch: two samples of a pair, and samples of other pairs that lie too near to the first of them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lessup.transforms.draws import Draws


@dataclass(frozen=True)
class Triplets:
    """M pairs with up to K negatives each.

    Attributes:
        anchor: (M,) int64, positions in the batch.
        positive: (M,) int64, positions of the partners.
        negative: (M, K) int64, positions of samples of other pairs.
        active: (M, K) bool, which of the negatives there are.
    """

    anchor: Tensor
    positive: Tensor
    negative: Tensor
    active: Tensor


def partners(pair: Tensor) -> tuple[Tensor, Tensor]:
    """Return (M,) positions of the first and (M,) of the second samples of the pairs of a batch, in order of the pairs.

    A sample whose partner is not there is in none. A pair that a batch holds twice is two.

    Args:
        pair: (B,) int64 number of the pair of each sample.

    >>> partners(torch.tensor([7, 3, 7, 5, 3]))
    (tensor([1, 0]), tensor([4, 2]))
    """
    order = torch.argsort(pair, stable=True)
    ordered = pair[order]
    start = torch.searchsorted(ordered, ordered)
    place = torch.arange(len(pair), device=pair.device) - start  # among the samples of its pair
    first = (place[:-1] % 2 == 0) & (ordered[:-1] == ordered[1:])
    at = first.nonzero()[:, 0]
    return order[at], order[at + 1]


def triplets(similarity: Tensor, pair: Tensor, draws: Draws, *, margin: float, count: int, hardest: int) -> Triplets:
    """Choose negatives among the samples of other pairs that violate the margin with regard to the anchor.

    Of more than ``count`` of them, ``hardest`` are drawn from the ``count`` nearest ones, and the others from all that
    are left; of so many or fewer, all are taken.

    Args:
        similarity: (B, B) cosines of the samples of the batch.
        pair: (B,) int64 number of the pair of each.
        draws: decides which negatives are taken.
        margin: by which a negative must be less similar to the anchor than the positive is.
        count: K.
        hardest: how many come from the K nearest: K / 2 for hard negatives, 0 for random ones.

    Source: Wang and Gupta, *Unsupervised Learning of Visual Representations using Videos*, 2015, section 5, and the
    released layer: shares of one half hard and one half random, K = 4.
    """
    anchor, positive = partners(pair)
    near = similarity[anchor].detach()  # (M, B)
    own = near.gather(1, positive[:, None])
    candidate = (pair[anchor][:, None] != pair) & (near - own + margin > 0)
    whole = len(pair) * draws.world_size
    turn = draws.uniform(len(pair), whole + count)[: len(anchor)]  # one row of numbers for every pair that there may be
    size = min(count, len(pair))
    nearest = near.masked_fill(~candidate, -torch.inf).topk(size, 1).indices
    among = nearest.gather(1, _first(turn[:, :size], candidate.gather(1, nearest), min(hardest, size)))
    left = candidate.scatter(1, among, False)  # where there was none, it was no candidate
    others = _first(turn[:, count : count + len(pair)], left, min(count - hardest, len(pair)))
    active = torch.cat([candidate.gather(1, among), left.gather(1, others)], 1)
    return Triplets(anchor, positive, torch.cat([among, others], 1), active)


def _first(turn: Tensor, allowed: Tensor, count: int) -> Tensor:
    """Return (M, count) columns of the least numbers of each row where that is allowed, then of others."""
    return turn.masked_fill(~allowed, torch.inf).topk(count, 1, largest=False).indices
