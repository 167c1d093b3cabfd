"""Has a representation collapsed? Spread and effective rank of features on a fixed set of samples."""

import torch
from torch import Tensor


def relative_spread(features: Tensor) -> Tensor:
    """Return (D,) the standard deviation of every dimension over the root mean square of all features.

    Scale-free: multiplying the features by a constant changes nothing. Features that are all zero have no spread.

    Args:
        features: (N, D), N >= 2.

    >>> relative_spread(torch.tensor([[1.0, 5.0], [-1.0, 5.0]])).round(decimals=3).tolist()
    [0.277, 0.0]
    """
    features = features.double()
    size = features.square().mean().sqrt()
    spread = features.std(dim=0, unbiased=False)
    return spread / size if size > 0 else spread


def effective_rank(features: Tensor) -> float:
    """Return over how many directions the features spread, as the exponential of an entropy.

    The features are centred first, so that a common offset does not count as a direction.

    Args:
        features: (N, D), finite.

    Returns:
        Between 1 (all on a line) and min(N - 1, D) (the same in every direction); 0 if all features are equal.

    Source: Roy, Vetterli, *The Effective Rank: A Measure of Effective Dimensionality*, 2007, definition 1: the entropy
    is that of the singular values divided by their sum.

    >>> round(effective_rank(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])), 6)
    2.0
    """
    centred = features.double() - features.double().mean(dim=0)
    # The Gram matrix of the shorter side has the squares of the singular values; it is far cheaper than an SVD.
    gram = centred @ centred.T if len(centred) <= centred.shape[1] else centred.T @ centred
    values = torch.linalg.eigvalsh(gram).clamp(min=0)
    # Squaring leaves rounding errors of about 1e-16 of the largest value where the true ones are zero.
    singular = values[values > 1e-14 * values.max()].sqrt()
    if len(singular) == 0 or centred.abs().max() <= 1e-12 * features.abs().max():
        return 0.0
    share = singular / singular.sum()
    return torch.exp(-(share * share.log()).sum()).item()
