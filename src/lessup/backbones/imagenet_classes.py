"""The linear classifier behind EfficientNet-Lite0's ImageNet weights, and the names of its thousand classes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torchvision.models import EfficientNet_B0_Weights

from lessup.backbones import weights

BACKBONE = "efficientnet-lite0"
"""The network whose pooled last map the classifier is given."""


@dataclass(frozen=True, eq=False)
class NamedClassifier:
    """A linear classifier whose classes have names.

    Attributes:
        names: of M classes, in English.
        rows: (M, D) float32, whose products with features are the scores but for a constant of each class.
    """

    names: tuple[str, ...]
    rows: NDArray[np.float32]


def imagenet_classifier() -> NamedClassifier:
    """Return the classifier of the package of weights.

    Raises:
        MissingExtraError: the extra ``imagenet`` is not installed.
    """
    rows: NDArray[np.float32] = weights.read(weights.IMAGENET)["_fc.weight"].numpy()
    return NamedClassifier(tuple(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]), rows)
