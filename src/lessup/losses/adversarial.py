"""What a discriminator and those who fool it lose, from the discriminator's logits.

Source: Goodfellow et al., *Generative Adversarial Nets*, 2014, eq. 1, with the non-saturating loss of its section 3.
"""

from torch import Tensor
from torch.nn import functional as F


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Return the () cross-entropy >= 0 of telling real from generated; both count half.

    Args:
        real: (B,) logits that a real sample is real.
        generated: (B,) logits that a generated one is.

    >>> import torch
    >>> discriminator_loss(torch.zeros(2), torch.zeros(2)).item() == torch.tensor(2.0).log().item()
    True
    """
    return (F.softplus(-real).mean() + F.softplus(generated).mean()) / 2


def generator_loss(generated: Tensor) -> Tensor:
    """Return the () cross-entropy >= 0 of passing for real; it does not fade where the discriminator is sure.

    Args:
        generated: (B,) logits that a generated sample is real.
    """
    return F.softplus(-generated).mean()


def swapped_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Return the () discriminator's loss >= 0 with the labels swapped: what those lose who make both kinds of pairs.

    Args:
        real: (B,) logits that the pair of a real sample and its code is one.
        generated: (B,) logits that the pair of a generated sample and its code is one.

    Source: Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, 3.4.
    """
    return discriminator_loss(generated, real)
