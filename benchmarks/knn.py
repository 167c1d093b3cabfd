"""Seconds for the 200 nearest of 50,000 random features for 10,000 queries, D = 512, against scikit-learn and lightly.

    pip install lightly
    python benchmarks/knn.py

All alternate in one run, on the same cores. scikit-learn searches by brute force; lightly's `knn_predict` searches and
lets the neighbours vote among 100 classes (as CIFAR-100 has, whose 50,000 and 10,000 images these are), in batches of
500; against it stand lessup's search and vote. A round takes one to two minutes; `--queries` asks for fewer in each and
scales the time, which counts lessup's preparation of the bank too often. On a busy machine, `--clock cpu` counts the
processor's seconds in place of those on the wall.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import torch
from torch import Tensor
from torch.nn.functional import normalize

import record
from lessup.probes.nearest import nearest, weighted_vote

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
NUM_QUERIES, NUM_ROWS, WIDTH, K, NUM_CLASSES = 10_000, 50_000, 512, 200, 100
BATCH = 500
"""Queries at once for lightly, which holds all distances and votes of them."""


def contenders(bank: Tensor, label: Tensor) -> dict[str, Callable[[Tensor], object]]:
    """Return searches of normalised queries in a normalised bank."""
    from lightly.utils.benchmarking import knn_predict
    from sklearn.neighbors import NearestNeighbors

    columns = bank.T.contiguous()  # (D, N), as lightly wants it
    machines = {
        metric: NearestNeighbors(n_neighbors=K, algorithm="brute", metric=metric).fit(bank.numpy())
        for metric in ("cosine", "euclidean")
    }

    def lightly(queries: Tensor) -> None:
        for batch in queries.split(BATCH):
            knn_predict(batch, columns, label, NUM_CLASSES, knn_k=K)

    return {
        "scikit-learn, cosine": lambda queries: machines["cosine"].kneighbors(queries.numpy()),
        "lessup, cosine": lambda queries: nearest(queries, bank, K),
        "scikit-learn, euclidean": lambda queries: machines["euclidean"].kneighbors(queries.numpy()),
        "lessup, euclidean": lambda queries: nearest(queries, bank, K, metric="euclidean"),
        "lightly, with vote": lightly,
        "lessup, with vote": lambda queries: weighted_vote(nearest(queries, bank, K), label, num_classes=NUM_CLASSES),
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=NUM_QUERIES, help="asked for in each round")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    clock = CLOCKS[asked.clock]
    generator = torch.Generator().manual_seed(0)
    bank = normalize(torch.randn(NUM_ROWS, WIDTH, generator=generator))
    queries = normalize(torch.randn(asked.queries, WIDTH, generator=generator))
    label = torch.randint(NUM_CLASSES, (NUM_ROWS,), generator=generator)
    searches = contenders(bank, label)
    seconds: dict[str, list[float]] = {name: [] for name in searches}
    for turn in range(asked.rounds + 1):  # the first warms up
        for name, search in searches.items():
            start = clock()
            search(queries)
            if turn:
                seconds[name].append((clock() - start) * NUM_QUERIES / asked.queries)
    median = {name: round(statistics.median(times), 2) for name, times in seconds.items()}
    ratio = {
        "cosine to scikit-learn": round(median["lessup, cosine"] / median["scikit-learn, cosine"], 3),
        "euclidean to scikit-learn": round(median["lessup, euclidean"] / median["scikit-learn, euclidean"], 3),
        "with vote to lightly": round(median["lessup, with vote"] / median["lightly, with vote"], 3),
    }
    print(median, ratio)
    sizes = {"queries": NUM_QUERIES, "bank": NUM_ROWS, "D": WIDTH, "k": K, "classes": NUM_CLASSES}
    settings = {
        "threads": asked.threads,
        "rounds": asked.rounds,
        "queries_a_round": asked.queries,
        "clock": asked.clock,
    }
    others = {package: version(package) for package in ("lightly", "numba")}
    record.write("knn", {**sizes, **settings, "seed": 0, "others": others, "seconds": median, "ratio": ratio})


if __name__ == "__main__":
    main()
