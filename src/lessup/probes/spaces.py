"""Where linear machines are fitted: on features, or on products of samples alone, whichever is cheaper.

A machine's state is a weight for each training sample, or for each feature; both say the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from lessup.errors import DataError
from lessup.samples.label_draws import Draw

Matrix = NDArray[Any]
Rows = NDArray[np.int64] | slice

BIAS = 0.1
"""The square of the constant feature that carries the bias, for samples whose mean square is 1."""

MOST_PRODUCTS = 12_000
"""Samples of which all products are held at once: 0.6 GB."""

COLLAPSED = 1e-11
"""Share of the mean square that is left after centring where all features are equal but for rounding."""


class Space(ABC):
    """N training and M other samples; centred, of mean square 1, with a constant feature for the bias."""

    @abstractmethod
    def start(self, num_classes: int) -> Matrix:
        """Return the state of K machines that say 0 of everything."""

    @abstractmethod
    def within(self, rows: Rows) -> Matrix:
        """Return the (b, b) products of some training samples."""

    @abstractmethod
    def scores(self, state: Matrix, rows: Rows) -> Matrix:
        """Return (b, K) what the machines say of some training samples."""

    @abstractmethod
    def add(self, state: Matrix, rows: Rows, change: Matrix) -> None:
        """Add (b, K) weights of some training samples to the state."""

    @abstractmethod
    def solver(self, curvature: float, decay: float) -> Callable[[Matrix], Matrix]:
        """Return what divides a slope by ``curvature`` times the samples' squares, plus ``decay``."""

    @abstractmethod
    def decide(self, state: Matrix) -> Matrix:
        """Return (M, K) what the machines say of the other samples."""


@dataclass(frozen=True, eq=False)
class Products(Space):
    """Samples of which only the products are known; one pass of a machine costs 2 N^2 K.

    Attributes:
        known: (N, N) products of the training samples.
        asked: (M, N) products of the other samples with them.
    """

    known: Matrix
    asked: Matrix

    def start(self, num_classes: int) -> Matrix:
        """Return (N, K) zeros."""
        return np.zeros((len(self.known), num_classes), self.known.dtype)

    def within(self, rows: Rows) -> Matrix:
        """Return the (b, b) products of some training samples."""
        return self.known[rows][:, rows]

    def scores(self, state: Matrix, rows: Rows) -> Matrix:
        """Return (b, K) what the machines say of some training samples."""
        scores: Matrix = self.known[rows] @ state
        return scores

    def add(self, state: Matrix, rows: Rows, change: Matrix) -> None:
        """Add (b, K) weights of some training samples to the state."""
        state[rows] += change

    def solver(self, curvature: float, decay: float) -> Callable[[Matrix], Matrix]:
        """Return what divides a slope by ``curvature`` times the samples' squares, plus ``decay``."""
        return _solver(self.known, curvature, decay)

    def decide(self, state: Matrix) -> Matrix:
        """Return (M, K) what the machines say of the other samples."""
        decided: Matrix = self.asked @ state
        return decided


@dataclass(frozen=True, eq=False)
class Vectors(Space):
    """Samples whose features are known; one pass of a machine costs 4 N D K.

    Attributes:
        known: (N, D) training samples.
        asked: (M, D) other samples.
    """

    known: Matrix
    asked: Matrix

    def start(self, num_classes: int) -> Matrix:
        """Return (D, K) zeros."""
        return np.zeros((self.known.shape[1], num_classes), self.known.dtype)

    def within(self, rows: Rows) -> Matrix:
        """Return the (b, b) products of some training samples."""
        products: Matrix = self.known[rows] @ self.known[rows].T
        return products

    def scores(self, state: Matrix, rows: Rows) -> Matrix:
        """Return (b, K) what the machines say of some training samples."""
        scores: Matrix = self.known[rows] @ state
        return scores

    def add(self, state: Matrix, rows: Rows, change: Matrix) -> None:
        """Add (b, K) weights of some training samples to the state."""
        state += self.known[rows].T @ change

    def solver(self, curvature: float, decay: float) -> Callable[[Matrix], Matrix]:
        """Return what divides a slope by ``curvature`` times the samples' squares, plus ``decay``."""
        return _solver(self.known.T @ self.known, curvature, decay)

    def decide(self, state: Matrix) -> Matrix:
        """Return (M, K) what the machines say of the other samples."""
        decided: Matrix = self.asked @ state
        return decided


def _solver(squares: Matrix, curvature: float, decay: float) -> Callable[[Matrix], Matrix]:
    factor = cho_factor(curvature * squares + decay * np.eye(len(squares), dtype=squares.dtype), lower=True)
    return lambda slope: cho_solve(factor, slope)


class Pool:
    """P samples out of which many draws are parted; their products are computed once where that pays."""

    def __init__(self, features: NDArray[np.floating]) -> None:
        """Take in (P, D) features."""
        num, width = features.shape
        self._size = float(np.square(features, dtype=np.float64).sum() / num)
        self._mean = features.mean(0)
        self._centred = features - self._mean
        self._products = self._centred @ self._centred.T if num <= min(MOST_PRODUCTS, 8 * width) else None

    def part(self, draw: Draw) -> Space:
        """Return the samples of a draw, centred and scaled by its training samples alone.

        Raises:
            DataError: there is one training sample, or all are equal.
        """
        if len(draw.known) < 2:
            raise DataError("a classifier needs two labelled samples to learn from and has one: add labels")
        return self._part_vectors(draw) if self._products is None else self._part_products(self._products, draw)

    def weights(self, draw: Draw, state: Matrix) -> tuple[Matrix, Matrix]:
        """Return what machines say as a linear function of features as they came in.

        Args:
            draw: whose ``part`` they were fitted in.
            state: of K machines.

        Returns:
            (D, K) weights and (K,) biases.
        """
        known = self._centred[draw.known]
        centre = known.mean(0)
        known = known - centre
        size = known.dtype.type(np.square(known, dtype=np.float64).sum() / len(known))
        if self._products is None:
            weight, bias = state[:-1] / size**0.5, state[-1] * known.dtype.type(BIAS) ** 0.5
        else:
            weight, bias = known.T @ state / size, state.sum(0) * known.dtype.type(BIAS)
        return weight, bias - (centre + self._mean) @ weight

    def _part_products(self, products: Matrix, draw: Draw) -> Products:
        known, asked = products[np.ix_(draw.known, draw.known)], products[np.ix_(draw.asked, draw.known)]
        mean = known.mean(0)  # product of each training sample with their centre
        known, asked = (part - part.mean(1, keepdims=True) - mean + mean.mean() for part in (known, asked))
        size = self._checked(float(np.trace(known)) / len(known))
        bias = known.dtype.type(BIAS)
        return Products(known / size + bias, asked / size + bias)

    def _part_vectors(self, draw: Draw) -> Vectors:
        known, asked = self._centred[draw.known], self._centred[draw.asked]
        centre = known.mean(0)
        known, asked = known - centre, asked - centre
        length = self._checked(float(np.square(known, dtype=np.float64).sum()) / len(known)) ** 0.5
        bias = ((0, 0), (0, 1))
        known, asked = (np.pad(part / length, bias, constant_values=BIAS**0.5) for part in (known, asked))
        return Vectors(known, asked)

    def _checked(self, size: float) -> float:
        if not size > COLLAPSED * self._size:
            raise DataError("all features are equal: training collapsed (see the run's warnings)")
        return size
