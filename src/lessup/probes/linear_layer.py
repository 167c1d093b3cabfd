"""A linear classifier on frozen features as the last layer of a network, a weight for each feature and class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.probes.layer_choice import Classifier, best_strength
from lessup.probes.spaces import Pool
from lessup.samples.label_draws import Draw, LabelledPool


@dataclass(frozen=True, eq=False)
class LinearLayer:
    """What was fitted.

    Attributes:
        weight: (K, D), of features as they came in.
        bias: (K,).
        strength: the chosen one.
        validation: percent of held-out training samples that it told rightly, or their mean average precision; NaN
            where too few are known to hold any out.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    strength: float
    validation: float

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (N, K) what it says of features (N, D)."""
        said: NDArray[np.float32] = features @ self.weight.T + self.bias
        return said


def linear_layer(
    features: NDArray[np.float32], pool: LabelledPool, known: NDArray[np.int64], classifier: Classifier
) -> LinearLayer:
    """Fit a linear classifier to some samples of a pool; its strength is chosen on a third of them, then given back.

    Args:
        features: (P, D) of the pool.
        pool: targets and families of the P samples.
        known: (N,) positions of those to learn from.
        classifier: its kind.

    Raises:
        DataError: there is one sample to learn from, or all features are equal.
    """
    space, draw = Pool(features), Draw(known, known[:0])
    strength, validation = best_strength(space, pool, known, classifier)
    state = classifier.fit(space.part(draw), pool.targets[known], strength)
    weight, bias = (part.astype(np.float32) for part in space.weights(draw, state))
    return LinearLayer(weight.T, bias, strength, validation)
