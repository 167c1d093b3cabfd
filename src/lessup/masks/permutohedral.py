"""Gaussian filters of points in a few dimensions, in time linear in their number.

Andrew Adams, Jongmin Baek, Myers Abraham Davis, *Fast High-Dimensional Filtering Using the Permutohedral Lattice*,
2010, <https://graphics.stanford.edu/papers/permutohedral/>.

Each point lies in one simplex of a lattice. Its value is splatted onto the corners of the simplex, the corners are
blurred along every axis of the lattice, and the value is sliced back out of them.

Differs from the paper: a corner is known by one 64-bit number, a linear function of its coordinates that wraps around.
So a step along the lattice adds a constant to it, and the coordinates are needed no more. Two corners of one lattice
share a number, and then a value, with a probability of about 1e-8 for 100,000 corners.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.errors import DataError, ShapeError

MULTIPLIER = 0x9E3779B97F4A7C15
"""Its powers make the numbers of corners: 2^64 over the golden ratio, odd, so that no bit is lost."""

PIECE = 64
"""Points that are splatted onto one corner in one go: half an image of one colour must not wait for a single thread."""

LARGEST = 2.0**20
"""Largest position in standard deviations; float32 still tells a tenth of one apart there."""


@dataclass(frozen=True, kw_only=True)
class Lattice:
    """The part of a permutohedral lattice that N points in D dimensions touch, on their device.

    Attributes:
        corner: (N, D + 1) int64, the corners around each point, below V.
        share: (N, D + 1) in [0, 1], barycentric coordinates; each row sums to 1.
        neighbour: (D + 1, 2, V) int64, the corners before and after each along every axis; V where there is none.
    """

    corner: Tensor
    share: Tensor
    neighbour: Tensor

    @classmethod
    def around(cls, position: Tensor, group: Tensor | None = None) -> "Lattice":
        """Build the lattice around points.

        Args:
            position: (N, D) float32 or float64 in units of the standard deviation, |position| <= 2^20.
            group: (N,) int64; points of different groups share no corner.

        Raises:
            DataError: a position is not finite or too large.
            ShapeError: there are no points or no dimensions.

        Source: section 3.1; the shape of the simplex is appendix A's canonical one, its axes in the paper's order.
        """
        checked(position)
        dimensions = position.shape[1]
        steps = torch.tensor(axis_steps(dimensions), device=position.device)
        nearest, order, share = _simplex(_elevated(position))
        code = (nearest[:, :-1] * torch.tensor(multipliers(dimensions), device=position.device)).sum(1)
        if group is not None:
            code += group * multipliers(dimensions + 1)[-1]
        along = steps[order.flip(1)[:, :-1]].cumsum(1)  # (N, D)
        codes, corner = torch.unique(torch.cat([code[:, None], code[:, None] + along], 1), return_inverse=True)
        wanted = torch.stack([codes - steps[:, None], codes + steps[:, None]], 1)  # (D + 1, 2, V)
        place = torch.searchsorted(codes, wanted).clamp(max=len(codes) - 1)
        return cls(corner=corner, share=share, neighbour=torch.where(codes[place] == wanted, place, len(codes)))

    def filter(self, value: Tensor) -> Tensor:
        """Sum the values of all points, each weighted by the Gaussian of its distance, up to one factor for all.

        Args:
            value: (N, K), of the positions' dtype.

        Returns:
            (N, K).
        """
        points, shares, piece, bag = self._bags
        mixed = F.embedding_bag(points, value, piece, mode="sum", per_sample_weights=shares)
        mixed = F.embedding_bag(torch.arange(len(piece), device=piece.device), mixed, bag, mode="sum")
        nothing = mixed.new_zeros(1, mixed.shape[1])
        for before, after in self.neighbour:
            padded = torch.cat([mixed, nothing])
            mixed = mixed + (padded[before] + padded[after]) / 2
        return F.embedding_bag(self.corner, mixed, mode="sum", per_sample_weights=self.share)

    @cached_property
    def _bags(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sort what is splatted by corner; sums in a fixed order are the same in every run, on a GPU too.

        Returns:
            The points in the order of their corners; their shares; where among them each piece of at most PIECE points
            of one corner begins; where among the pieces those of each corner begin.
        """
        order = self.corner.flatten().argsort(stable=True)
        counts = torch.bincount(self.corner.flatten(), minlength=self.neighbour.shape[2])
        pieces = (counts + PIECE - 1) // PIECE
        bag = pieces.cumsum(0) - pieces
        within = torch.arange(int(pieces.sum()), device=order.device) - bag.repeat_interleave(pieces)
        piece = (counts.cumsum(0) - counts).repeat_interleave(pieces) + PIECE * within
        return order // self.corner.shape[1], self.share.flatten()[order], piece, bag


def checked(position: Tensor) -> Tensor:
    """Return (N, D) positions for which a lattice can be built.

    Raises:
        DataError: a position is not finite or too large.
        ShapeError: there are no points or no dimensions.
    """
    if position.ndim != 2 or position.numel() == 0:
        raise ShapeError(f"positions of shape {tuple(position.shape)}: wanted (N, D), both at least 1")
    largest = position.abs().max().item()
    if not largest <= LARGEST:  # NaN as well
        raise DataError(
            f"positions up to {largest:g} standard deviations: wanted finite ones up to {LARGEST:g}; raise the "
            "standard deviation, or look for values that are not finite"
        )
    return position


def scales(dimensions: int) -> list[float]:
    """Return the D factors that make one blur along every axis a Gaussian of standard deviation 1.

    Source: section 3.1: the blur and the interpolation together have the variance 2 (D + 1)^2 / 3 in the lattice.
    """
    return [math.sqrt(2 / 3) * (dimensions + 1) / math.sqrt((i + 1) * (i + 2)) for i in range(dimensions)]


def multipliers(dimensions: int) -> list[int]:
    """Return the D signed 64-bit factors of the first D coordinates of a corner; the last one follows from them."""
    return [_signed(pow(MULTIPLIER, i + 1, 1 << 64)) for i in range(dimensions)]


def axis_steps(dimensions: int) -> list[int]:
    """Return what a step along each of the D + 1 axes adds to the number of a corner.

    A step adds 1 to every coordinate but its own, from which it takes D.
    """
    factors = [*multipliers(dimensions), 0]
    return [_signed(sum(factors) - (dimensions + 1) * factor) for factor in factors]


def _signed(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _elevated(position: Tensor) -> Tensor:
    """Return (N, D + 1), whose coordinates sum to 0: the positions in the hyperplane of the lattice, eq. 3."""
    dimensions = position.shape[1]
    scaled = position * position.new_tensor(scales(dimensions))
    rest = scaled.flip(1).cumsum(1).flip(1)  # of the coordinates from each on
    below = torch.arange(1, dimensions + 1, device=position.device, dtype=position.dtype)
    return torch.cat([rest, torch.zeros_like(rest[:, :1])], 1) - F.pad(scaled * below, (1, 0))


def _simplex(elevated: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find the simplex around each point.

    Returns:
        (N, D + 1) int64 corner of remainder 0; (N, D + 1) int64 axes, the one along which the point lies farthest
        first; (N, D + 1) barycentric coordinates of the corners by remainder.
    """
    size = elevated.shape[1]
    rounded = (elevated / size).round()
    order = (elevated - rounded * size).argsort(dim=1, descending=True, stable=True)
    excess = rounded.sum(1, keepdim=True).long()
    rank = order.argsort(1) + excess
    turn = (rank < 0).long() - (rank >= size).long()
    rank, nearest = rank + size * turn, (rounded.long() + turn) * size
    order = rank.argsort(1)
    apart = ((elevated - nearest) / size).gather(1, order).flip(1)  # the nearest to the corner first
    share = apart - apart.roll(1, 1)
    share[:, 0] += 1
    return nearest, order, share
