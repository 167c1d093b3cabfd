"""Direct attribute prediction: a classifier for every attribute; a class is as likely as all its attributes together.

Christoph H. Lampert, Hannes Nickisch, Stefan Harmeling, *Learning to Detect Unseen Object Classes by Between-Class
Attribute Transfer*, 2009, https://doi.org/10.1109/CVPR.2009.5206594: equation 2, p(z) proportional to the product of
p(a_m^z | x) / p(a_m^z).

*Differs from the paper:* the classifiers are logistic regressions, not calibrated support vector machines; an attribute
counts as present in classes where it is above the mean over the seen classes, and one that is present in all or none of
these tells nothing and is left out.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lessup.errors import DataError
from lessup.labels.descriptions import Descriptions, ZeroShotClassifier


class DAP(ZeroShotClassifier):
    """p(z | x) from one logistic regression an attribute."""

    def __init__(self, descriptions: Descriptions | None = None, *, C: float = 1.0) -> None:
        """Keep the settings.

        Args:
            descriptions: attributes of every class.
            C: inverse of the regressions' penalty.
        """
        super().__init__(descriptions)
        self.C = C

    def _learn(self, x: NDArray[np.float64], code: NDArray[np.int64], descriptions: NDArray[np.float64]) -> None:
        """Learn every attribute that some seen classes have and some have not."""
        self.threshold_ = descriptions.mean(0)
        present = descriptions > self.threshold_
        share = present.mean(0)
        self.told_ = np.flatnonzero((share > 0) & (share < 1))
        if not len(self.told_):
            raise DataError("every attribute is equal in all seen classes: the descriptions tell nothing apart")
        self.prior_ = share[self.told_]
        self.attributes_ = [
            LogisticRegression(C=self.C, max_iter=1000).fit(x, present[code, number]) for number in self.told_
        ]

    def _scores(self, x: NDArray[np.float64], descriptions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M, K) log p(z | x) + a constant of each sample."""
        present = (descriptions > self.threshold_)[:, self.told_]  # (K, A)
        log = [regression.predict_log_proba(x) for regression in self.attributes_]  # (M, 2) each: absent, present
        absent, has = (np.stack([of[:, side] for of in log], 1) for side in (0, 1))
        relative = (absent - np.log(1 - self.prior_)) @ (~present).T + (has - np.log(self.prior_)) @ present.T
        return np.asarray(relative)
