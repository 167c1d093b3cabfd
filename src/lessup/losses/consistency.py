"""What a classifier loses where it says different things of two views of an image whose label is not known."""

import math

from torch import Tensor
from torch.nn import functional as F


def pseudo_label_loss(weak: Tensor, strong: Tensor, *, threshold: float = 0.95) -> tuple[Tensor, Tensor]:
    """Let strongly changed views be told as the weakly changed ones are, where these are told surely.

    Args:
        weak: (B, K) scores of weakly changed images; no gradient goes there.
        strong: (B, K) scores of the same images, strongly changed.
        threshold: share of its likeliest class from which an image counts.

    Returns:
        The () mean over all images of the cross-entropy of those that count, and (B,) bool, which do.

    Source: Sohn et al., *FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence*, 2020, eq. 4.

    >>> import torch
    >>> loss, counts = pseudo_label_loss(torch.tensor([[9.0, 0.0], [0.1, 0.0]]), torch.zeros(2, 2))
    >>> round(loss.item(), 4), counts.tolist()
    (0.3466, [True, False])
    """
    share, label = weak.detach().softmax(1).max(1)
    counts = share >= threshold
    return (F.cross_entropy(strong, label, reduction="none") * counts).mean(), counts


def softmax_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the () mean squared difference of the shares of all classes.

    Args:
        student: (B, K) scores.
        teacher: (B, K) scores of the same images; no gradient goes there.

    Source: Tarvainen, Valpola, *Mean Teachers Are Better Role Models*, 2017, section 2, J; as in their code, the mean
    over classes.
    """
    return F.mse_loss(student.softmax(1), teacher.detach().softmax(1))


def sigmoid_ramp_up(step: float, length: float) -> float:
    """Return exp(-5 (1 - t)^2), where t goes from 0 to 1 over ``length`` steps; then 1.

    Source: Laine, Aila, *Temporal Ensembling for Semi-Supervised Learning*, 2017, section 2.1.

    >>> [round(sigmoid_ramp_up(step, 10), 4) for step in (0, 5, 10, 20)]
    [0.0067, 0.2865, 1.0, 1.0]
    """
    left = 1 - min(max(step / length, 0.0), 1.0) if length > 0 else 0.0
    return math.exp(-5 * left**2)
