"""Gradients of the choices of a whole batch of texts, all from where it begins, and how far vectors can follow them."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lessup.losses.words import choices_loss

AT_ONCE = 1 << 20
"""Choices that are looked at together."""


class Choices(NamedTuple):
    """N choices between yes and no, each by the inner product of two vectors.

    Attributes:
        word: (N,) int64, places of the first vectors.
        row: (N,) int64, of the second.
        yes: (N,) bool, what is true.
    """

    word: Tensor
    row: Tensor
    yes: Tensor

    def parts(self) -> Iterator["Choices"]:
        """Yield them, few enough at a time to hold their vectors."""
        for part in zip(*(torch.split(each, AT_ONCE) for each in self), strict=True):
            yield Choices(*part)


class Gradients(NamedTuple):
    """Of the sum over choices.

    Attributes:
        loss: () the sum itself.
        first: (V, D).
        second: (W, D).
        shift: (W,), 0 where there is none.
    """

    loss: Tensor
    first: Tensor
    second: Tensor
    shift: Tensor


@torch.no_grad()
def gradients(
    first: Tensor, second: Tensor, choices: Choices, *, shift: Tensor | None = None, reach: float = math.inf
) -> Gradients:
    """Compute the gradients of ``choices_loss`` with regard to all vectors.

    Args:
        first: (V, D).
        second: (W, D).
        choices: what is asked.
        shift: (W,) what is added to the scores of each second vector; nothing if not given.
        reach: score from which on, up or down, a choice moves nothing.
    """
    found = Gradients(
        first.new_zeros(()), torch.zeros_like(first), torch.zeros_like(second), second.new_zeros(len(second))
    )
    for word, row, yes in choices.parts():
        one, other = first[word], second[row]
        score = (one * other).sum(1)
        if shift is not None:
            score += shift[row]
        found.loss.add_(choices_loss(score, yes, 1))
        wrong = (score.sigmoid() - yes.to(score.dtype)) * (score.abs() < reach)
        found.first.index_add_(0, word, wrong[:, None] * other)
        found.second.index_add_(0, row, wrong[:, None] * one)
        if shift is not None:
            found.shift.index_add_(0, row, wrong)
    return found


@torch.no_grad()
def shares_that_hold(
    first: Tensor, second: Tensor, choices: Choices, along: Gradients, *, rate: float
) -> tuple[Tensor, Tensor]:
    """Return (V,) and (W,), what share of the step along its gradient each first and each second vector can take.

    Thousands of steps from one place, added up, lead far beyond where any of them would. With the others held, the
    choices of a vector are a logistic regression, whose second derivative in any direction is at most a quarter of the
    sum of the squared inner products with it. A step ends at the lowest point of that bound along the gradient, and
    half-way there, since both sides move at once.

    Args:
        first: (V, D).
        second: (W, D).
        choices: what is asked.
        along: their gradients.
        rate: by which gradients become steps.

    Source: Bohning and Lindsay, *Monotonicity of Quadratic-Approximation Algorithms*, 1988, for the bound.
    """
    bend_first, bend_second = first.new_zeros(len(first)), first.new_zeros(len(second))
    for word, row, _ in choices.parts():
        by_first = (along.first[word] * second[row]).sum(1)
        by_second = (first[word] * along.second[row]).sum(1) + along.shift[row]
        bend_first.index_add_(0, word, by_first.square() / 4)
        bend_second.index_add_(0, row, by_second.square() / 4)
    of_second = along.second.square().sum(1) + along.shift.square()
    return _share(along.first.square().sum(1), bend_first, rate), _share(of_second, bend_second, rate)


def _share(length: Tensor, bend: Tensor, rate: float) -> Tensor:
    """Return half the way to the lowest point of the bounds, as a share of a step, but no more than all of the step."""
    share = length / (2 * rate * bend).clamp(min=torch.finfo(bend.dtype).tiny)
    return share.clamp(max=1).where(bend > 0, 1.0)
