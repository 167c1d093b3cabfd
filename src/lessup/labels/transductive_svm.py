"""Transductive SVM: the boundary that leaves the widest margin to the samples without a label as well.

Thorsten Joachims, *Transductive Inference for Text Classification using Support Vector Machines*, 1999,
https://www.cs.cornell.edu/people/tj/publications/joachims_99c.pdf: the algorithm of figure 3.

*Differs from the paper:* all pairs of one round that may be switched are switched at once, each of which lowers the
objective; several classes are told one against the rest, each with its own share of the labels given.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.svm import SVC

from lessup.errors import UsageError
from lessup.labels.classifier import FewLabelClassifier
from lessup.labels.known_labels import KnownLabels

FIRST_COST = 1e-5
"""Of the samples without a label, relative to their last; it doubles until it is there (figure 3 of the paper)."""

MOST_SWITCHES = 100
"""Rounds of switching at one cost; each lowers the objective, so that few are needed."""


class TransductiveSVM(FewLabelClassifier):
    """Support vector machines whose unlabelled samples are labelled so that the margin is widest.

    Attributes:
        classes_: (K,) labels.
        transduction_: (N,) label of every sample of ``fit``; those given stay.
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        C_unlabelled: float = 1.0,
        kernel: Literal["linear", "rbf"] = "linear",
        gamma: float | Literal["scale", "auto"] = "scale",
    ) -> None:
        """Keep the settings.

        Args:
            C: cost of a labelled sample on the wrong side of its margin.
            C_unlabelled: of one without a label, in the end.
            kernel: ``linear`` or ``rbf``.
            gamma: of the latter; see ``sklearn.svm.SVC``.
        """
        self.C = C
        self.C_unlabelled = C_unlabelled
        self.kernel = kernel
        self.gamma = gamma

    def _fit(self, x: NDArray[np.floating], labels: KnownLabels) -> None:
        """Label all samples."""
        if not (self.C > 0 and self.C_unlabelled > 0) or self.kernel not in ("linear", "rbf"):
            raise UsageError(
                f"C {self.C}, C_unlabelled {self.C_unlabelled}, kernel {self.kernel!r}: wanted above 0, and 'linear' "
                "or 'rbf'"
            )
        positives = range(len(labels.classes)) if len(labels.classes) > 2 else [1]
        self.machines_ = [self._against_rest(x, labels, number) for number in positives]
        found = np.where(labels.known, labels.code, self._decisions(x).argmax(1))
        self.transduction_ = labels.classes[found]

    def _shares(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) a softmax of the decisions; not calibrated."""
        shares: NDArray[np.float64] = softmax(self._decisions(x), axis=1)
        return shares

    def _decisions(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) distances from the boundaries, in margins."""
        columns = [machine.decision_function(x) for machine in self.machines_]
        return np.stack(columns if len(columns) > 1 else [-columns[0], columns[0]], 1)

    def _against_rest(self, x: NDArray[np.floating], labels: KnownLabels, number: int) -> SVC:
        """Return the machine of one class against all others."""
        known = labels.known
        side = np.where(labels.code == number, 1, -1)
        machine = SVC(C=1.0, kernel=self.kernel, gamma=self.gamma)
        machine.fit(x[known], side[known], np.full(known.sum(), self.C))
        free = np.flatnonzero(~known)
        if not len(free):
            return machine
        count = int(np.clip(round(len(free) * (side[known] > 0).mean()), 1, max(len(free) - 1, 1)))
        side[free] = -1
        side[free[np.argsort(-machine.decision_function(x[free]), kind="stable")[:count]]] = 1
        # The rarer side costs more, so that both weigh alike while costs are small.
        cost = {-1: FIRST_COST, 1: FIRST_COST * count / max(len(free) - count, 1)}
        while True:
            self._settle(machine, x, side, free, cost)
            if min(cost.values()) >= 1:
                return machine
            cost = {sign: min(2 * value, 1.0) for sign, value in cost.items()}

    def _settle(
        self, machine: SVC, x: NDArray[np.floating], side: NDArray[np.int64], free: NDArray[np.int64], cost: Any
    ) -> None:
        """Train, and switch pairs in ``side`` for as long as that lowers the objective."""
        for _ in range(MOST_SWITCHES):
            weight = np.full(len(x), self.C)
            weight[free] = self.C_unlabelled * np.where(side[free] > 0, cost[1], cost[-1])
            machine.fit(x, side, weight)
            pairs = switchable(side[free], machine.decision_function(x[free]))
            if not len(pairs):
                return
            side[free[pairs.ravel()]] *= -1


def switchable(side: NDArray[np.int64], decision: NDArray[np.float64]) -> NDArray[np.int64]:
    """Pair samples of both sides whose labels are better switched: both slacks above 0, together above 2.

    Args:
        side: (M,) 1 or -1.
        decision: (M,) distances from the boundary, in margins.

    Returns:
        (P, 2) a positive and a negative sample, none twice.

    >>> switchable(np.array([1, -1, 1]), np.array([-0.6, 0.5, 2.0])).tolist()
    [[0, 1]]
    """
    slack = np.maximum(1 - side * decision, 0)
    sides = [np.flatnonzero((side == sign) & (slack > 0)) for sign in (1, -1)]
    sides = [own[np.argsort(-slack[own], kind="stable")] for own in sides]
    count = min(map(len, sides))
    pairs = np.stack([own[:count] for own in sides], 1)
    better: NDArray[np.int64] = pairs[slack[pairs].sum(1) > 2]
    return better
