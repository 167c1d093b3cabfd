"""What a classifier loses where some answers are not known, and the share that it tells rightly."""

from torch import Tensor
from torch.nn import functional as F


def label_loss(logits: Tensor, label: Tensor, *, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return the () mean cross-entropy >= 0 of the known labels, and the () share told rightly, in percent.

    Args:
        logits: (B, K).
        label: (B,) int64, 0 <= label < K, or -1 where not known: that one does not count.
        smoothing: share of a label that is spread over all classes.

    >>> import torch
    >>> [value.item() for value in label_loss(torch.tensor([[9.0, 9.0], [0.0, 1.0]]), torch.tensor([0, -1]))]
    [0.6931471824645996, 100.0]
    """
    known = label >= 0
    count = known.sum().clamp(min=1)
    loss = F.cross_entropy(logits, label, ignore_index=-1, reduction="sum", label_smoothing=smoothing) / count
    right = (logits.detach().argmax(1) == label) & known
    return loss, 100 * right.sum() / count


def tag_loss(logits: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
    """Return the () cross-entropy >= 0 of a sigmoid for every class, and the () share told rightly, in percent.

    Args:
        logits: (B, K).
        tags: (B, K) int8, 1 where a class is in the image, 0 where not, -1 not to be counted.

    Returns:
        The loss is summed over the known tags of an image and averaged over images.

    >>> import torch
    >>> tags = torch.tensor([[1, -1]], dtype=torch.int8)
    >>> [round(value.item(), 4) for value in tag_loss(torch.tensor([[1.0, 5.0]]), tags)]
    [0.3133, 100.0]
    """
    known = tags >= 0
    each = F.binary_cross_entropy_with_logits(logits, (tags == 1).to(logits), weight=known.to(logits), reduction="sum")
    right = ((logits.detach() > 0) == (tags == 1)) & known
    return each / len(tags), 100 * right.sum() / known.sum().clamp(min=1)
