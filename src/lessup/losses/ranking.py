"""What a triplet costs, by how much nearer its pair lies than what does not belong to it."""

from torch import Tensor
from torch.nn import functional as F


def ranking_loss(
    similarity: Tensor, anchor: Tensor, positive: Tensor, negative: Tensor, active: Tensor, *, margin: float
) -> Tensor:
    """Ask that a pair be nearer by a margin than a negative is to either of its two samples.

    Args:
        similarity: (B, B) cosines of the samples of a batch; 1 - cosine is the distance.
        anchor: (M,) int64, positions of the first samples of the pairs.
        positive: (M,) int64, of the second.
        negative: (M, K) int64, of their negatives.
        active: (M, K) bool, which of these there are.
        margin: by which the distance to a negative must exceed that within the pair.

    Returns:
        () sum of the hinges of anchor and negative and of positive and negative, over 2 M K whatever number is active;
        0 of no pairs.

    Source: Wang and Gupta, *Unsupervised Learning of Visual Representations using Videos*, 2015, eq. 2, with both
    hinges as in the released layer.

    >>> import torch
    >>> cosines = torch.tensor([[1.0, 0.75, 0.5], [0.75, 1.0, 0.0], [0.5, 0.0, 1.0]])
    >>> one, pair = torch.tensor([[2]]), (torch.tensor([0]), torch.tensor([1]))
    >>> ranking_loss(cosines, *pair, one, torch.tensor([[True]]), margin=0.5).item()
    0.125
    """
    own = similarity[anchor, positive][:, None]  # (M, 1)
    hinges = sum(F.relu(similarity[each[:, None], negative] - own + margin) for each in (anchor, positive))
    total: Tensor = (hinges * active).sum()
    return total / max(2 * negative.numel(), 1)
