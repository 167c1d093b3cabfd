"""What estimators say of labels that they were not told: to choose among them, to calibrate, to find wrong labels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from lessup.labels.known_labels import UNLABELLED, KnownLabels

FOLDS = 5
"""Parts of the labels given that are held out in turn, at most."""

TINY = 1e-6
"""Least share that counts: one held-out label must not decide alone."""

WARMEST = 10.0
"""Largest temperature, and inverse of the smallest."""

Build = Callable[[], Any]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Labels given, as told by estimators that did not know them.

    Attributes:
        place: (L,) which samples; those that are the only one of their class can't be held out and are not here.
        code: (L,) the labels that were given to them.
        shares: (L, K).
    """

    place: NDArray[np.int64]
    code: NDArray[np.int64]
    shares: NDArray[np.float64]

    @property
    def accuracy(self) -> float:
        """Share that was told right, 0 to 1; NaN of none."""
        return float((self.shares.argmax(1) == self.code).mean()) if len(self.code) else float("nan")

    def log_loss(self, temperature: float = 1.0) -> float:
        """Return the mean of -log of the right class's share."""
        shares = warmed(self.shares, temperature)[np.arange(len(self.code)), self.code]
        return float(-np.log(np.maximum(shares, TINY)).mean())


def held_out(build: Build, x: NDArray[np.floating], labels: KnownLabels, *, seed: int = 0) -> HeldOut:
    """Hide a part of the labels at a time, and ask for them.

    Samples whose label is hidden stay, so that estimators that spread labels still see them.

    Args:
        build: makes an estimator of this room.
        x: (N, D) features.
        labels: of some of them.
        seed: of the parts, in each of which every class has its share.
    """
    counts = labels.counts
    place = np.flatnonzero(labels.known & (counts[labels.code] > 1))
    place = np.random.default_rng(seed).permutation(place)
    place = place[np.argsort(labels.code[place], kind="stable")]
    parts = min(FOLDS, int(counts.max()))
    rank = np.concatenate([np.arange(count) for count in counts[counts > 1]]) if len(place) else place
    part = rank % np.minimum(parts, counts[labels.code[place]]) if len(place) else place
    shares = np.zeros((len(place), len(labels.classes)))
    for number in range(parts if len(place) else 0):
        own = part == number
        known = labels.code.copy()
        known[place[own]] = UNLABELLED
        if own.any():
            shares[own] = shares_of(build().fit(x, known), x, place[own], len(labels.classes))
    return HeldOut(place, labels.code[place], shares)


def shares_of(
    estimator: Any, x: NDArray[np.floating], place: NDArray[np.int64], num_classes: int
) -> NDArray[np.float64]:
    """Return (M, K) what an estimator, fitted on codes, says of some of the samples that it was fitted on.

    Those that spread labels say what they found in training.
    """
    spread = getattr(estimator, "label_distributions_", None)
    found = estimator.predict_proba(x[place]) if spread is None else spread[place]
    shares = np.zeros((len(place), num_classes))
    shares[:, estimator.classes_] = found
    return shares


def warmed(shares: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return (M, K) shares to the power of 1 / temperature, which sum to 1 again: above 1 they are less sure.

    >>> warmed(np.array([[0.8, 0.2]]), 2.0).round(2)
    array([[0.67, 0.33]])
    """
    powers = np.maximum(shares, TINY) ** (1 / temperature)
    warm: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return warm


def calibrated(of: HeldOut) -> float:
    """Return the temperature with which held-out labels are least surprising.

    Source: Guo, Pleiss, Sun, Weinberger, *On Calibration of Modern Neural Networks*, 2017, section 4.2. One right and
    one wrong label of an even share are added, which keeps a handful of labels, all told right, from making all sure.
    """
    if not len(of.code):
        return 1.0

    def surprise(log_temperature: float) -> float:
        temperature = float(np.exp(log_temperature))
        sure = float(np.clip(warmed(of.shares, temperature).max(1).mean(), TINY, 1 - TINY))
        return float(of.log_loss(temperature) * len(of.code) - np.log(sure) - np.log(1 - sure))

    limit = float(np.log(WARMEST))
    return float(np.exp(minimize_scalar(surprise, bounds=(-limit, limit), method="bounded").x))


def doubtful(of: HeldOut, temperature: float = 1.0) -> dict[int, int]:
    """Return the samples whose label looks wrong, and the class that they look like.

    A label is doubted where another class is likelier and has a share at least as large as it has on average among
    the samples that were given it.

    Source: Northcutt, Jiang, Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*, 2021, section 3.
    """
    shares = warmed(of.shares, temperature)
    usual = np.full(shares.shape[1], np.inf)
    for number in np.unique(of.code):
        usual[number] = shares[of.code == number, number].mean()
    like = shares.argmax(1)
    sure = (like != of.code) & (shares.max(1) >= usual[like])
    return dict(zip(of.place[sure].tolist(), like[sure].tolist(), strict=True))
