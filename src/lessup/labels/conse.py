"""ConSE: an image lies at the mean of the descriptions of the classes it looks like, weighted by how much.

Mohammad Norouzi et al., *Zero-Shot Learning by Convex Combination of Semantic Embeddings*, 2014,
https://arxiv.org/abs/1312.5650: equations 2 to 4.

*Differs from the paper:* the classifier of seen classes is a logistic regression on features that are given; shares
divide the cosine by ``temperature``.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lessup.labels.descriptions import Descriptions, ZeroShotClassifier, unit


class ConSE(ZeroShotClassifier):
    """The cosine of each class's description and the mean description of the ``top`` likeliest seen classes."""

    def __init__(
        self,
        descriptions: Descriptions | None = None,
        *,
        top: int = 10,
        C: float = 1.0,
        temperature: float = 0.1,
    ) -> None:
        """Keep the settings.

        Args:
            descriptions: of every class, such as the word vector of its name.
            top: seen classes in the mean.
            C: inverse of the regression's penalty.
            temperature: of the shares; it changes no decision.
        """
        super().__init__(descriptions)
        self.top = top
        self.C = C
        self.temperature = temperature

    def _learn(self, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]) -> None:
        """Learn to tell the seen classes apart."""
        self.classifier_ = LogisticRegression(C=self.C, max_iter=1000).fit(x, code)
        self.seen_descriptions_ = unit(descriptions)

    def embed(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, A) convex combinations for (M, D) standardised features."""
        shares = self.classifier_.predict_proba(x)
        top = min(self.top, shares.shape[1])
        least = -np.partition(-shares, top - 1, axis=1)[:, top - 1 : top]
        kept = np.where(shares >= least, shares, 0)
        mixed: NDArray[np.float64] = kept / kept.sum(1, keepdims=True) @ self.seen_descriptions_
        return mixed

    def _scores(self, x: NDArray[np.float64], descriptions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, K) cosines over the temperature."""
        cosine: NDArray[np.float64] = unit(self.embed(x)) @ unit(descriptions).T
        return cosine / self.temperature
