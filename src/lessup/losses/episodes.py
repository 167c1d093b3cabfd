"""How well the samples of an episode fit its classes, and what that costs."""

import torch
from torch import Tensor
from torch.nn import functional as F


def prototype_scores(known: Tensor, label: Tensor, asked: Tensor) -> Tensor:
    """Return (Q, K) minus the squared Euclidean distances to the mean of what is known of each class.

    Args:
        known: (S, D).
        label: (S,) int64 classes, 0 to K - 1, each at least once.
        asked: (Q, D).

    Source: Snell, Swersky, Zemel, *Prototypical Networks for Few-shot Learning*, 2017, equations 1 and 2.

    >>> prototype_scores(torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]), torch.tensor([[3.0]])).tolist()
    [[-4.0, -4.0]]
    """
    belongs = F.one_hot(label).to(known.dtype)  # (S, K)
    prototype = (belongs / belongs.sum(0)).T @ known  # (K, D)
    return -(asked[:, None] - prototype).square().sum(2)


def attention_scores(known: Tensor, label: Tensor, asked: Tensor, *, scale: float = 1.0) -> Tensor:
    """Return (Q, K) logarithms of the share of its attention that a sample pays to what is known of each class.

    Args:
        known: (S, D).
        label: (S,) int64 classes, 0 to K - 1, each at least once.
        asked: (Q, D).
        scale: what cosines are multiplied by before the softmax over all S; the paper's is 1.

    Source: Vinyals and others, *Matching Networks for One Shot Learning*, 2016, section 2.1.1.

    >>> scores = attention_scores(torch.eye(2), torch.tensor([0, 1]), torch.tensor([[3.0, 3.0]]))
    >>> [round(share, 2) for share in scores.exp()[0].tolist()]
    [0.5, 0.5]
    """
    attention = F.log_softmax(scale * F.normalize(asked) @ F.normalize(known).T, 1)  # (Q, S)
    outside = F.one_hot(label).T == 0  # (K, S)
    return attention[:, None].masked_fill(outside, -torch.inf).logsumexp(2)


def episode_loss(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return () the mean cross-entropy of a softmax over scores, and () the share in percent that is told right.

    Args:
        scores: (Q, K).
        target: (Q,) int64 classes, 0 to K - 1.

    Returns:
        Both 0 where nothing is asked.
    """
    count = max(len(target), 1)
    right = (scores.argmax(1) == target).float().sum() if len(target) else scores.sum()
    return F.cross_entropy(scores, target, reduction="sum") / count, (100 * right / count).detach()
