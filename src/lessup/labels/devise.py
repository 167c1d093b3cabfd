"""DeViSE: a linear map brings an image nearer to the description of its class than to that of any other, by a margin.

Andrea Frome et al., *DeViSE: A Deep Visual-Semantic Embedding Model*, 2013,
https://papers.nips.cc/paper/5204-devise-a-deep-visual-semantic-embedding-model: equation 1, with margin 0.1 and all
other classes as negatives.

*Differs from the paper:* features stay as they are given, where it goes on to train the whole network; the mean over
all samples is minimised by L-BFGS with a small penalty, not one sample and one violated class at a time; shares divide
the product by ``temperature``.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lessup.labels.descriptions import Descriptions, ZeroShotClassifier, unit

MARGIN = 0.1
"""The paper's, section 3.3."""


class DeViSE(ZeroShotClassifier):
    """The product of the mapped features and each class's description of length 1."""

    def __init__(
        self,
        descriptions: Descriptions | None = None,
        *,
        margin: float = MARGIN,
        penalty: float = 1e-4,
        steps: int = 200,
        temperature: float = 0.1,
    ) -> None:
        """Keep the settings.

        Args:
            descriptions: of every class, such as the word vector of its name.
            margin: by which the right class must lead.
            penalty: of the map's squares.
            steps: of L-BFGS, at most.
            temperature: of the shares; it changes no decision.
        """
        super().__init__(descriptions)
        self.margin = margin
        self.penalty = penalty
        self.steps = steps
        self.temperature = temperature

    def _learn(self, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]) -> None:
        """Minimise the hinge rank loss from the least-squares map on."""
        target = unit(descriptions)
        penalised = x.T @ x + len(x) * np.eye(x.shape[1])
        start = np.linalg.solve(penalised, x.T @ target[code])
        found = minimize(
            _loss,
            start.ravel(),
            args=(x, code, target, self.margin, self.penalty),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.steps},
        )
        self.map_ = found.x.reshape(start.shape)

    def _scores(self, x: NDArray[np.float64], descriptions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, K) products over the temperature."""
        product: NDArray[np.float64] = x @ self.map_ @ unit(descriptions).T
        return product / self.temperature


def rank_loss(scores: NDArray[np.float64], code: NDArray[np.int64], margin: float) -> NDArray[np.float64]:
    """Return (N,) by how much the other classes come within the margin of the right one, summed over them.

    Args:
        scores: (N, K).
        code: (N,) right classes.
        margin: by which these must lead.

    >>> rank_loss(np.array([[1.0, 0.95, 0.0]]), np.array([0]), 0.1).round(2)
    array([0.05])
    """
    lag = np.maximum(margin - scores[np.arange(len(code)), code][:, None] + scores, 0)
    lag[np.arange(len(code)), code] = 0
    total: NDArray[np.float64] = lag.sum(1)
    return total


def _loss(
    flat: NDArray[np.float64],
    x: NDArray[np.float64],
    code: NDArray[np.int64],
    target: NDArray[np.float64],
    margin: float,
    penalty: float,
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean rank loss with the penalty, and its slope."""
    own = np.arange(len(x)), code
    matrix = flat.reshape(x.shape[1], -1)
    scores = x @ matrix @ target.T
    violated = (margin - scores[own][:, None] + scores > 0).astype(np.float64)
    violated[own] = 0
    violated[own] = -violated.sum(1)
    slope = x.T @ (violated @ target) / len(x) + 2 * penalty * matrix
    loss = rank_loss(scores, code, margin).mean() + penalty * np.square(matrix).sum()
    return float(loss), slope.ravel()
