"""From few labels to all on digits, beside scikit-learn's own estimators; and the time that spreading labels takes.

    python benchmarks/few_labels.py
    python benchmarks/few_labels.py --speed --threads 2

Each class gets as many labels, drawn by seed; an estimator sees all 1,797 images and is scored on those without a label
(transductive accuracy). Those that learn from the labels alone see the rest as nothing but test images; `scaled by all`
sees their scale as well, and is what self-training starts from. The settings of `SelfTraining` were looked at on draws
0 to 4, so others are drawn here.

`--speed` spreads 200 labels over random blobs: seconds on the wall, the best of three, after one call to warm up, and
the most memory that the process ever had. scikit-learn's `knn` kernel has the same number of neighbours.
"""

import argparse
import resource
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading as TheirSpreading
from sklearn.semi_supervised import SelfTrainingClassifier

import record
from lessup.labels.label_propagation import LabelPropagation
from lessup.labels.label_spreading import LabelSpreading
from lessup.labels.nearest_prototype import NearestPrototype
from lessup.labels.self_training import SelfTraining
from lessup.labels.transductive_svm import TransductiveSVM


def regression() -> Any:
    """Return the classifier that scikit-learn's self-training starts from."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


ROWS: Mapping[str, Callable[[], Any]] = {
    "logistic regression, labels alone": regression,
    "nearest prototype, labels alone": NearestPrototype,
    "label spreading": LabelSpreading,
    "label spreading, equal class masses": lambda: LabelSpreading(class_mass_normalization=True),
    "label propagation": LabelPropagation,
    "logistic regression, scaled by all": lambda: SelfTraining(rounds=0),
    "self-training": SelfTraining,
    "scikit-learn: label spreading, knn": lambda: TheirSpreading(kernel="knn"),
    "scikit-learn: label spreading, rbf": lambda: TheirSpreading(kernel="rbf", gamma=0.25),
    "scikit-learn: self-training": lambda: SelfTrainingClassifier(regression()),
    "transductive SVM, rbf": lambda: TransductiveSVM(kernel="rbf"),
}
BLOBS = ((10_000, 2), (10_000, 10), (10_000, 64), (100_000, 10), (100_000, 64))
"""Samples and features."""


def drawn(label: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Return labels with -1 in place of all but ``count``, equally many of each class."""
    order = np.random.default_rng(seed).permutation(len(label))
    classes = np.unique(label)
    chosen = np.concatenate([order[label[order] == number][: count // len(classes)] for number in classes])
    known = np.full(len(label), -1)
    known[chosen] = label[chosen]
    return known


def accuracy(
    estimator: Any, x: NDArray[np.float64], label: NDArray[np.int64], known: NDArray[np.int64], alone: bool
) -> float:
    """Return the share of samples without a label that are told right, in percent."""
    given = known >= 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's iterations that do not converge
        estimator.fit(x[given], known[given]) if alone else estimator.fit(x, known)
    return float(100 * (estimator.predict(x[~given]) == label[~given]).mean())


def digits(counts: list[int], seeds: list[int]) -> dict[str, Any]:
    """Return the accuracies of every row, by number of labels."""
    x, label = load_digits(return_X_y=True)
    rows: dict[str, Any] = {}
    for row, build in ROWS.items():
        rows[row] = {}
        for count in counts:
            values = [
                accuracy(build(), x, label, drawn(label, count, seed), row.endswith("labels alone")) for seed in seeds
            ]
            rows[row][str(count)] = [round(value, 2) for value in values]
            print(f"{row}, {count}: {np.mean(values):.1f} +- {np.std(values, ddof=1):.1f}", flush=True)
    return rows


def seconds(threads: int) -> list[dict[str, Any]]:
    """Return the time of both implementations on blobs of several sizes; scikit-learn's on the smaller ones."""
    lines = []
    for num, width in BLOBS:
        x, label = make_blobs(num, width, centers=10, random_state=0)
        known = np.where(np.arange(num) < 200, label, -1)
        for name, build in {
            "lessup": LabelSpreading,
            "scikit-learn": lambda: TheirSpreading(kernel="knn", n_neighbors=10, n_jobs=threads),
        }.items():
            if name == "scikit-learn" and num > 10_000:
                continue
            best, right = best_of(build, x, known)
            line = {"samples": num, "features": width, "of": name, "seconds": round(best, 2)}
            line |= {"accuracy": round(100 * float((right == label).mean()), 2)}
            line |= {"most_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)}
            print(line, flush=True)
            lines.append(line)
    return lines


def best_of(build: Callable[[], Any], x: NDArray[np.float64], known: NDArray[np.int64]) -> tuple[float, Any]:
    """Return the least seconds of three calls, and what the last one labelled."""
    build().fit(x[:2000], known[:2000])
    times = []
    for _ in range(3):
        estimator, start = build(), time.perf_counter()
        estimator.fit(x, known)
        times.append(time.perf_counter() - start)
    return min(times), estimator.transduction_


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 20, 50, 100], help="labels in all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6, 7, 8, 9])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--threads", type=int, default=2, help="with --speed")
    asked = parser.parse_args()
    if asked.speed:
        import torch

        torch.set_num_threads(asked.threads)
        record.write("label_spreading_speed", {"threads": asked.threads, "lines": seconds(asked.threads)})
    else:
        record.write("few_labels", {"seeds": asked.seeds, "rows": digits(asked.counts, asked.seeds)})


if __name__ == "__main__":
    main()
