"""What a network that sees a frame is asked about its sound: a cluster of sounds, or bits of a code.

Source: Andrew Owens, Jiajun Wu, Josh McDermott, William Freeman, Antonio Torralba, *Ambient Sound Provides Supervision
for Visual Learning*, 2016, <https://arxiv.org/abs/1608.07017>.

    textures -> normalised by group -> k-means -> the nearest centre
                                    -> principal components -> on which side of the mean
"""

import numpy as np
import torch
from torch import Tensor

from lessup.errors import DataError
from lessup.transforms.sound_textures import PARTS

_RESTARTS = 10
"""First centres that k-means is tried with; the tightest clusters are kept."""


def normalisation(texture: Tensor) -> tuple[Tensor, Tensor]:
    """Return what is taken from every statistic, and by what it is then divided, the same within each of ``PARTS``.

    Divided so, the statistics of each group have a variance of 1 on average: correlations weigh as much as modulations.

    Args:
        texture: (N, 502) of the sounds that are learnt from.

    Returns:
        (502,) means, and (502,) scales > 0; a group that does not vary has a scale of 1.
    """
    variance, mean = torch.var_mean(texture.double(), dim=0, correction=0)
    scale = torch.ones_like(mean)
    for part in PARTS.values():
        spread = variance[part].mean().sqrt()
        scale[part] = spread if spread > 0 else 1.0
    return mean.to(texture.dtype), scale.to(texture.dtype)


def cluster_centres(x: Tensor, count: int, *, seed: int) -> Tensor:
    """Return the centres of k-means clusters.

    Args:
        x: (N, D) normalised textures.
        count: K.
        seed: of the first centres.

    Returns:
        (K, D).

    Raises:
        DataError: fewer than K of the sounds differ.
    """
    from sklearn.cluster import KMeans

    different = len(torch.unique(x, dim=0))
    if different < count:
        raise DataError(f"{different} different sounds are too few for {count} clusters: pass --clusters {different}")
    found = KMeans(count, n_init=_RESTARTS, random_state=seed).fit(x.double().numpy())
    return torch.from_numpy(found.cluster_centers_.astype(np.float32))


def nearest_centre(x: Tensor, centres: Tensor) -> Tensor:
    """Return (B,) int64 the number of the centre that is nearest to each of (B, D), among (K, D).

    >>> nearest_centre(torch.tensor([[0.2], [0.9]]), torch.tensor([[0.0], [1.0]])).tolist()
    [0, 1]
    """
    return torch.cdist(x, centres, compute_mode="donot_use_mm_for_euclid_dist").argmin(1)


def principal_directions(x: Tensor, count: int) -> Tensor:
    """Return the directions along which sounds vary most.

    Args:
        x: (N, D) normalised textures, of mean 0.
        count: K.

    Returns:
        (K, D) orthonormal, the most variable first; of each, the largest weight is positive.

    Raises:
        DataError: the sounds vary along fewer than K directions.
    """
    _, strength, directions = torch.linalg.svd(x.double(), full_matrices=False)
    varying = int((strength > 1e-6 * strength[0]).sum()) if len(strength) else 0
    if varying < count:
        raise DataError(f"the sounds vary along {varying} directions; {count} bits need more: pass --bits {varying}")
    directions = directions[:count]
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    signed: Tensor = directions * largest.sign()
    return signed.to(x.dtype)


def bits_along(x: Tensor, directions: Tensor) -> Tensor:
    """Return (B, K) bool, whether each of (B, D) lies beyond the mean, 0, along each of (K, D) directions."""
    return x @ directions.T > 0
