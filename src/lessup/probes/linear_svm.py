"""A linear support vector machine on frozen features, its cost chosen by cross-validation over objects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import SVC

from lessup.errors import DataError

COSTS = (0.1, 1.0, 10.0, 100.0)
"""Costs to choose from, for inputs whose squared length is 1 on average; 0.1 to 100 as in the VConv-DAE code."""


@dataclass(frozen=True)
class SVMScores:
    """What the machine says of the test part.

    Attributes:
        scores: (M, K) float64, the highest for the class decided on; -inf for a class it was not shown.
        cost: the chosen one.
        validation_accuracy: percent in the cross-validation that chose it.
    """

    scores: NDArray[np.float64]
    cost: float
    validation_accuracy: float


def linear_svm(
    train: NDArray[np.float32],
    label: NDArray[np.int64],
    group: NDArray[np.int64],
    test: NDArray[np.float32],
    *,
    num_classes: int,
    scale: bool = True,
    costs: Sequence[float] = COSTS,
    folds: int = 3,
) -> SVMScores:
    """Fit libsvm's linear machine (one class against another) and score the test part.

    Dimensions are centred and, with ``scale``, divided by their standard deviation on the training part. The machine
    sees the products of the samples alone, so that its time hardly depends on D.

    Args:
        train: (N, D).
        label: (N,) 0 to K - 1.
        group: (N,) object; an object is never on both sides of the cross-validation.
        test: (M, D).
        num_classes: K.
        scale: whether the dimensions have units of their own.
        costs: of a training error, to choose from.
        folds: of the cross-validation.

    Raises:
        DataError: fewer than two classes, or a class with fewer objects than folds.
    """
    _check_objects(label, group, folds)
    products, test_products = _products(train, test, scale=scale)
    accuracy = {cost: _validate(products, label, group, cost, folds) for cost in costs}
    cost = max(costs, key=lambda each: accuracy[each])
    scores = np.full((len(test), num_classes), -np.inf)
    scores[:, np.unique(label)] = _decide(_fit(products, label, cost), test_products)
    return SVMScores(scores, cost, accuracy[cost])


def _check_objects(label: NDArray[np.int64], group: NDArray[np.int64], folds: int) -> None:
    present = np.unique(label)
    if len(present) < 2:
        raise DataError(f"a classifier needs two classes or more; the training part has {len(present)}")
    fewest = min(len(np.unique(group[label == each])) for each in present)
    if fewest < folds:
        raise DataError(f"a class has {fewest} training objects; choosing a cost needs at least {folds}: add objects")


def _products(
    train: NDArray[np.float32], test: NDArray[np.float32], *, scale: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N, N) and (M, N) inner products, scaled so that a training sample's square is 1 on average."""
    spread = train.std(axis=0)
    varying = spread > 0
    if not varying.any():
        raise DataError("all features are equal: training collapsed (see the run's warnings)")
    train, test = train[:, varying], test[:, varying]
    centre = train.mean(axis=0)
    factor = 1 / spread[varying] if scale else np.float32(1)
    train, test = (train - centre) * factor, (test - centre) * factor
    products = train @ train.T
    size = np.trace(products) / len(products)
    return products.astype(np.float64) / size, (test @ train.T).astype(np.float64) / size


def _fit(products: NDArray[np.float64], label: NDArray[np.int64], cost: float) -> SVC:
    return SVC(kernel="precomputed", C=cost, cache_size=500).fit(products, label)


def _decide(machine: SVC, products: NDArray[np.float64]) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = machine.decision_function(products)
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


def _validate(
    products: NDArray[np.float64], label: NDArray[np.int64], group: NDArray[np.int64], cost: float, folds: int
) -> float:
    """Return the accuracy in percent over all folds."""
    right = 0
    for fit, held_out in StratifiedGroupKFold(folds).split(products, label, group):
        machine = _fit(products[np.ix_(fit, fit)], label[fit], cost)
        right += int((machine.predict(products[np.ix_(held_out, fit)]) == label[held_out]).sum())
    return 100 * right / len(label)
