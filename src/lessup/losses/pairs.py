"""What a pair of samples costs, by how far apart they lie and whether they show one thing or two."""

import torch
from torch import Tensor
from torch.nn import functional as F

DECAY = 2.77
"""How fast the cost of a different pair falls: at the largest energy it is exp(-2.77) of its first value."""


def exponential_loss(energy: Tensor, different: Tensor, *, bound: float) -> Tensor:
    """Pull equal pairs together and push different pairs apart, less and less the farther they are.

    Args:
        energy: (B,) norms of the differences of the pairs, from 0 to ``bound``. Not squared: the gradient of a square
            vanishes where a different pair lies in one point, which is what must be repelled most.
        different: (B,) bool, True where the pair shows two classes.
        bound: Q > 0, the largest value that an energy can take.

    Returns:
        () mean loss, >= 0; 0 of no pairs.

    Source: Chopra, Hadsell, LeCun, *Learning a Similarity Metric Discriminatively, with Application to Face
    Verification*, 2005, section 2.3: (1 - Y) 2/Q E^2 + Y 2Q exp(-2.77/Q E).

    >>> exponential_loss(torch.tensor([3.0, 0.0]), torch.tensor([False, True]), bound=9.0).item()
    10.0
    """
    loss = torch.where(different, 2 * bound * torch.exp(-DECAY / bound * energy), 2 / bound * energy.square())
    return loss.sum() / max(len(loss), 1)


def contrastive_loss(distance: Tensor, different: Tensor, *, margin: float = 1.0) -> Tensor:
    """Pull equal pairs together and push different pairs beyond a margin.

    Args:
        distance: (B,) Euclidean distances of the pairs, >= 0.
        different: (B,) bool, True where the pair shows two classes.
        margin: distance beyond which a different pair costs nothing, in the unit of ``distance``.

    Returns:
        () mean loss, >= 0; 0 of no pairs.

    Source: Hadsell, Chopra, LeCun, *Dimensionality Reduction by Learning an Invariant Mapping*, 2006, eq. 4.
    The hinge is on the distance, not on its square.

    >>> contrastive_loss(torch.tensor([0.5]), torch.tensor([True])).item()
    0.125
    """
    loss = torch.where(different, F.relu(margin - distance), distance).square() / 2
    return loss.sum() / max(len(loss), 1)
