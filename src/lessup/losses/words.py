"""What it costs to tell wrongly which words stand near one another."""

from torch import Tensor
from torch.nn import functional as F


def choices_loss(score: Tensor, yes: Tensor, num_pairs: int) -> Tensor:
    """Return the cost of the yes-or-no choices that pairs of words consist of.

    Negative sampling asks of a word and of k words of noise whether it is the one of the pair; noise-contrastive
    estimation asks the same of scores from which the logarithm of k times the probability as noise is taken;
    hierarchical softmax asks at every node on the way to the word whether to turn left.

    Args:
        score: (N,) of the choices of all pairs, large for yes.
        yes: (N,) bool, what is true.
        num_pairs: how many pairs they are of.

    Returns:
        () mean over the pairs of the sums of -log sigmoid(score) where yes and -log sigmoid(-score) where no; 0 of no
        pairs.

    Source: Mikolov, Sutskever, Chen, Corrado, Dean, *Distributed Representations of Words and Phrases and their
    Compositionality*, 2013, eq. 3 and 4.

    >>> import torch
    >>> round(choices_loss(torch.zeros(6), torch.tensor([True] + 5 * [False]), 1).item(), 4)
    4.1589
    """
    return F.softplus(score.where(~yes, -score)).sum() / max(num_pairs, 1)
