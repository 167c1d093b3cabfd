"""What estimators share that spread labels along a graph: the samples that are to be labelled are there in training."""

import warnings
from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from lessup.errors import DataError
from lessup.labels.classifier import FewLabelClassifier
from lessup.labels.known_labels import KnownLabels
from lessup.labels.neighbour_graph import edge_weights, nearest_known, neighbour_graph

TOLERANCE = 1e-3
"""Of what is left of the right-hand side at which a system counts as solved."""


class GraphClassifier(FewLabelClassifier):
    """Spreads labels along a graph of neighbours; new samples take the weighted mean of their neighbours' classes.

    Attributes:
        transduction_: (N,) label of every sample of ``fit``.
        label_distributions_: (N, K) what ``transduction_`` is the largest of; rows sum to 1.
        unreached_: (N,) bool, samples from which no path leads to a label; they get the shares of the known labels.
    """

    least_samples = 2

    def __init__(
        self, *, n_neighbors: int = 10, sigma: float | None = None, class_mass_normalization: bool = False
    ) -> None:
        """Keep the settings.

        Args:
            n_neighbors: of each sample in the graph.
            sigma: see ``neighbour_graph``.
            class_mass_normalization: scale classes so that each gets as large a share of the unlabelled samples as it
                has of the labels (Zhu, Ghahramani, Lafferty, *Semi-Supervised Learning Using Gaussian Fields and
                Harmonic Functions*, 2003, section 4).
        """
        self.n_neighbors = n_neighbors
        self.sigma = sigma
        self.class_mass_normalization = class_mass_normalization

    @abstractmethod
    def _spread(self, graph: csr_array, labels: KnownLabels) -> NDArray[np.float64]:
        """Return (N, K) values >= 0 from an (N, N) graph and what is known."""

    def _fit(self, x: NDArray[np.floating], labels: KnownLabels) -> None:
        """Label all samples."""
        graph = neighbour_graph(x, self.n_neighbors, sigma=self.sigma)
        self.unreached_ = _unreached(graph.weight, labels.known)
        if self.unreached_.any():
            warnings.warn(
                f"{self.unreached_.sum()} of {len(x)} samples have no path to a label and get the shares of the known "
                f"labels: pass n_neighbors above {self.n_neighbors}, or label one of them",
                stacklevel=2,
            )
        shares = labels.counts / labels.counts.sum()
        values = np.maximum(self._spread(graph.weight, labels), 0)
        total = values.sum(1, keepdims=True)
        values = np.where((total > 0) & ~self.unreached_[:, None], values / np.where(total > 0, total, 1), shares)
        if self.class_mass_normalization:
            values = _equal_masses(values, ~labels.known, shares)
        self.label_distributions_ = values
        self.transduction_ = labels.classes[values.argmax(1)]
        self.X_, self._scale = x, graph.scale

    def _shares(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) shares of the classes among the neighbours of (M, D) samples, weighted."""
        index, distance = nearest_known(x, self.X_, self.n_neighbors)
        weight = edge_weights(distance, distance[:, -1], self._scale[index], self.sigma)
        weight /= np.maximum(weight.sum(1, keepdims=True), np.finfo(np.float64).tiny)
        found: NDArray[np.float64] = np.einsum("mk,mkc->mc", weight, self.label_distributions_[index])
        shares: NDArray[np.float64] = found / found.sum(1, keepdims=True)
        return shares


def solved(matrix: csr_array, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve a positive definite system for many right-hand sides at once, by preconditioned conjugate gradients.

    Args:
        matrix: (N, N) symmetric, its diagonal above 0.
        right: (N, K) right-hand sides.

    Returns:
        (N, K) solutions, to ``TOLERANCE``.

    Raises:
        DataError: the system is singular to working precision.

    Source: Hestenes, Stiefel, *Methods of Conjugate Gradients for Solving Linear Systems*, 1952; the diagonal scales.
    """
    diagonal = matrix.diagonal()[:, None]
    found, rest = np.zeros_like(right), right.copy()
    ahead = rest / diagonal
    size, enough = _products(rest, ahead), TOLERANCE**2 * _products(right, right)
    for _ in range(10 * len(right) + 100):
        if (_products(rest, rest) <= enough).all():
            return found
        turned = matrix @ ahead
        step = _over(size, _products(ahead, turned))
        found += step * ahead
        turned *= step
        rest -= turned
        scaled = np.divide(rest, diagonal, out=turned)
        before, size = size, _products(rest, scaled)
        ahead *= _over(size, before)
        ahead += scaled
    raise DataError(f"labels do not spread: the system of {len(right)} samples is singular; add labels")


def _products(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (K,) inner products of the columns of two (N, K) matrices, in one pass."""
    found: NDArray[np.float64] = np.einsum("nk,nk->k", first, second)
    return found


def _over(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; nothing by nothing is nothing."""
    return numerator / np.where(denominator > 0, denominator, 1)


def _unreached(graph: csr_array, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark (N,) the samples whose part of the graph holds no label."""
    part = connected_components(graph, directed=False)[1]
    return ~np.isin(part, part[known])


def _equal_masses(
    values: NDArray[np.float64], unknown: NDArray[np.bool_], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scale the columns of (N, K) rows so that, of the unknown, each has the mass of its share; rows sum to 1 again."""
    mass = values[unknown].sum(0)
    scaled = values * np.where(mass > 0, shares / np.where(mass > 0, mass, 1), 0 if unknown.any() else 1)
    scaled[~unknown] = values[~unknown]
    equal: NDArray[np.float64] = scaled / scaled.sum(1, keepdims=True)
    return equal
