"""The estimators that labels for all are chosen from, and the choice: by labels that are held out in turn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.labels.held_out import Build, HeldOut, held_out
from lessup.labels.known_labels import KnownLabels
from lessup.labels.label_propagation import LabelPropagation
from lessup.labels.label_spreading import LabelSpreading
from lessup.labels.nearest_prototype import NearestPrototype
from lessup.labels.self_training import SelfTraining
from lessup.labels.transductive_svm import TransductiveSVM

CANDIDATES: Mapping[str, Build] = {
    "label-spreading": LabelSpreading,
    "label-spreading-equal-masses": lambda: LabelSpreading(class_mass_normalization=True),
    "label-propagation": LabelPropagation,
    "nearest-prototype": NearestPrototype,
    "logistic-regression": lambda: SelfTraining(rounds=0),
    "self-training": SelfTraining,
    "transductive-svm": TransductiveSVM,
}
"""By name; of those that do equally well, the first is taken."""

MOST_FOR_KERNELS = 1000
"""Samples up to which the transductive SVM is tried: its time grows with their square."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The estimator that was chosen.

    Attributes:
        name: of ``CANDIDATES``.
        tried: what each candidate said of labels that it was not told.
    """

    name: str
    tried: Mapping[str, HeldOut]

    @property
    def build(self) -> Build:
        """What makes the estimator."""
        return CANDIDATES[self.name]

    @property
    def of(self) -> HeldOut:
        """What the chosen one said; its accuracy flatters it where several were tried."""
        return self.tried[self.name]


def choice(x: NDArray[np.floating], labels: KnownLabels, names: tuple[str, ...] = (), *, seed: int = 0) -> Choice:
    """Choose the estimator that tells most of the labels given, held out in turn; of equals, the least surprised one.

    Where no class has two labels, nothing can be held out, and the first candidate is taken.

    Args:
        x: (N, D) features.
        labels: of some of them.
        names: of candidates; if none are given, all that suit the number of samples.
        seed: of the parts that are held out.
    """
    asked = names or tuple(name for name in CANDIDATES if name != "transductive-svm" or len(x) <= MOST_FOR_KERNELS)
    tried = {name: held_out(CANDIDATES[name], x, labels, seed=seed) for name in asked}
    judged = [name for name in asked if len(tried[name].code)]
    best = max(judged, key=lambda name: (tried[name].accuracy, -tried[name].log_loss()), default=asked[0])
    return Choice(best, tried)
