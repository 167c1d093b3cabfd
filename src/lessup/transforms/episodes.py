"""Episodes: a few samples of each class of a batch are known, the others are asked."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lessup.transforms.draws import Draws

TURNS = 4
"""Quarter turns of an image, each a class of its own."""

POSES = 2 * TURNS
"""These, and those of its mirror image."""


@dataclass(frozen=True)
class Episode:
    """The two sides of a batch, as positions in it.

    Attributes:
        known: (S,) int64 samples whose class is given.
        asked: (Q,) int64 samples whose class is to be told.
        known_class: (S,) int64, 0 to K - 1.
        asked_class: (Q,) int64, 0 to K - 1.
    """

    known: Tensor
    asked: Tensor
    known_class: Tensor
    asked_class: Tensor


def episode(label: Tensor, *, shot: int) -> Episode:
    """Take the first ``shot`` samples of each class as known and ask about the others.

    Args:
        label: (B,) int64 classes, -1 where not known: such a sample is on neither side.
        shot: samples of a class that are known; a class with no more is asked about nothing.

    >>> episode(torch.tensor([7, 7, 3, 7, -1]), shot=1).asked.tolist()
    [1, 3]
    """
    number = torch.unique(label, return_inverse=True)[1]
    number = number - int((label < 0).any())  # -1 has the first number
    place = places(number)
    known, asked = (((number >= 0) & side).nonzero().flatten() for side in (place < shot, place >= shot))
    return Episode(known, asked, number[known], number[asked])


def turns(label: Tensor, draws: Draws, *, per_class: int, poses: int = TURNS) -> Tensor:
    """Return (B,) int64 quarter turns, 0 to 3, of every ``per_class`` samples of a class another.

    Args:
        label: (B,) int64 classes.
        draws: decides the turns.
        per_class: samples that are turned alike.
        poses: numbers to draw from, ``TURNS`` or ``POSES``; from 4 on images are mirrored as well.

    Source: Adam Santoro and others, *Meta-Learning with Memory-Augmented Neural Networks*, 2016; Oriol Vinyals and
    others, *Matching Networks for One Shot Learning*, 2016, section 4.1.1: turned characters are new classes.

    >>> sorted(turns(torch.zeros(8, dtype=torch.int64), Draws.at(0), per_class=2).tolist())
    [0, 0, 1, 1, 2, 2, 3, 3]
    """
    orders = draws.uniform(len(label), poses).argsort(1)  # (B, poses)
    first = (label[:, None] == label).int().argmax(1)
    which = places(label) // per_class % poses
    return orders[first].gather(1, which[:, None])[:, 0]


def turned(image: Tensor, turn: Tensor) -> Tensor:
    """Return (B, C, S, S) square images turned counterclockwise by (B,) quarter turns, from 4 on after a mirror."""
    result = torch.where((turn < TURNS).view(-1, 1, 1, 1), image, image.flip(3))
    for number in range(1, TURNS):
        own = (turn % TURNS == number).view(-1, 1, 1, 1)
        result = torch.where(own, torch.rot90(result, number, (2, 3)), result)
    return result


def places(label: Tensor) -> Tensor:
    """Return (B,) int64: how many samples before each one have its class."""
    return (label[:, None] == label).tril(-1).sum(1)
