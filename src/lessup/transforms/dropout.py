"""Dropout whose mask comes from the numbers of the step."""

from torch import Tensor

from lessup.transforms.draws import Draws


def dropout(x: Tensor, share: float, draws: Draws) -> Tensor:
    """Set a random share of the numbers to zero and scale the others up, so that the mean stays.

    Args:
        x: (B, ...).
        share: probability of each number to be dropped, 0 <= share < 1.
        draws: where the mask comes from.

    Returns:
        (B, ...), ``x / (1 - share)`` where kept and 0 elsewhere.

    Source: Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, 2014, section 10,
    in the form that scales in training.

    >>> import torch
    >>> dropout(torch.ones(1, 6), 0.5, Draws.at(0)).unique()
    tensor([0., 2.])
    """
    kept = draws.uniform(len(x), *x.shape[1:]) >= share
    return x * kept / (1 - share)
