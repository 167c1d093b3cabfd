"""A normal distribution of the features of a class, from fewer samples than features."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1e-6
"""Least variance of a feature, as a share of the mean square of the features: equal samples have none of their own."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A multivariate normal distribution whose covariance is shrunk to a multiple of the identity.

    Attributes:
        mean: (D,).
        axes: (R, D) orthonormal directions in which the samples vary.
        variance: (R,) along them.
        rest: variance in every other direction.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    variance: NDArray[np.float64]
    rest: float

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> Self:
        """Fit a distribution.

        Args:
            features: (N, D) of a class, N >= 2.

        Returns:
            Covariance (1 - s) S + s (tr S / D) I, where S is that of the samples and s the shrinkage that is best for
            them.

        Source: Ledoit, Wolf, *A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices*, 2004.
        """
        from sklearn.covariance import ledoit_wolf_shrinkage

        x = features.astype(np.float64)
        mean = x.mean(0)
        _, singular, axes = np.linalg.svd(x - mean, full_matrices=False)
        own = singular**2 / len(x)
        shrinkage = float(ledoit_wolf_shrinkage(x)) if own.sum() > 0 else 1.0
        least = SMALLEST * max(float((x**2).mean()), np.finfo(np.float64).tiny / SMALLEST)
        rest = max(shrinkage * own.sum() / x.shape[1], least)
        return cls(mean, axes, (1 - shrinkage) * own + rest, rest)

    def log_density(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M,) natural logarithms of the density of (M, D) features."""
        apart = features.astype(np.float64) - self.mean
        along = apart @ self.axes.T  # (M, R)
        beyond = np.maximum((apart**2).sum(1) - (along**2).sum(1), 0)
        size = np.log(self.variance).sum() + (len(self.mean) - len(self.axes)) * np.log(self.rest)
        far = (along**2 / self.variance).sum(1) + beyond / self.rest
        density: NDArray[np.float64] = -(far + size + len(self.mean) * np.log(2 * np.pi)) / 2
        return density
