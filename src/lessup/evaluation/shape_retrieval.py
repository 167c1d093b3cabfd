"""How far up shapes of the same class stand when all shapes are sorted by likeness to one.

Source: the retrieval of Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*, 2016:
cosine distance between features, average precision of every test shape's list.

Differs from the paper: ``map`` is theirs, in whose lists the other views of the query's own object are easy finds;
``map_other_objects`` leaves those out. Rows for chance, raw cells and random weights stand beside the model.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import encode_all, raw_cells, untrained
from lessup.methods import Method
from lessup.metrics.class_means import class_means
from lessup.metrics.retrieval import average_precision, chance_average_precision, nearest
from lessup.samples.splits import Split
from lessup.samples.voxels import Voxels


class ShapeRetrieval(Protocol):
    """Mean average precision in percent, over classes and for each class.

    Figures: for Q queries, at most one a class, and their M nearest shapes of other objects: ``query_id`` (Q,),
    ``query_label`` (Q,), ``query_bits`` (Q, ceil(V^3 / 8)), ``neighbor_id`` (Q, M), ``neighbor_label`` (Q, M),
    ``neighbor_cosine`` (Q, M) and ``neighbor_bits`` (Q, M, ceil(V^3 / 8)); ``classes`` (K,) and ``side``.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            layer: name of the layer whose features are compared; the method's default if not given.
            seed: of the random weights.
            views: use the first views of each object alone; 0 uses all.
            queries: shapes of which the report shows the neighbours.
            neighbors: how many of them.
        """

        layer: str | None = None
        seed: int = 0
        views: int = 0
        queries: int = 10
        neighbors: int = 5

    paper: ClassVar[str] = "Sharma, Grau, Fritz, VConv-DAE, 2016, https://arxiv.org/abs/1604.03755"
    reads: ClassVar[tuple[str, ...]] = ("voxels", "label")
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Measure the model and the trivial rows on the test part.

        Raises:
            DataError: no class has two labelled test shapes.
        """
        assert isinstance(split.test, Voxels)
        test = split.test.first_views(self.config.views)
        labelled = test.take(np.flatnonzero(test.label >= 0))
        if not len(labelled) or np.bincount(labelled.label).max() < 2:
            raise DataError(
                "retrieval needs a class with two or more labelled test shapes: train with --folds 2 or more"
            )
        model = encode_all(method, labelled, layer=self.config.layer)
        features = {
            "raw_voxels": raw_cells(labelled),
            "random": encode_all(untrained(method, self.config.seed), labelled, layer=self.config.layer),
            "model": model,
        }
        rows = {"chance": _chance(labelled)}
        rows |= {row: _scores(_precisions(values, labelled), labelled) for row, values in features.items()}
        left_out = len(test) - len(labelled)
        notes = (f"{left_out} of {len(test)} samples have no label and are left out",) if left_out else ()
        return Result(rows, _figures(model, labelled, self.config), notes)


def _precisions(features: NDArray[np.float32], test: Voxels) -> dict[str, NDArray[np.float64]]:
    return {
        "map": average_precision(features, test.label),
        "map_other_objects": average_precision(features, test.label, test.group),
    }


def _chance(test: Voxels) -> dict[str, Score]:
    of_class = np.bincount(test.label)[test.label]
    views = np.bincount(test.group)[test.group]
    every = np.ones(len(test), np.int64)
    precisions = {}
    for name, hidden in (("map", every), ("map_other_objects", views)):
        relevant, listed = of_class - hidden, len(test) - hidden
        some = relevant > 0
        precisions[name] = np.full(len(test), np.nan)
        if some.any():
            precisions[name][some] = chance_average_precision(relevant[some], listed[some])
    return _scores(precisions, test)


def _scores(precisions: dict[str, NDArray[np.float64]], test: Voxels) -> dict[str, Score]:
    scores = {}
    for metric, values in precisions.items():
        means = class_means(100 * values, test.label, test.classes)
        if means:
            scores[metric] = Score(float(np.mean(list(means.values()))))
        scores |= {f"{metric}/{name}": Score(mean) for name, mean in means.items()}
    return scores


def _figures(
    features: NDArray[np.float32], test: Voxels, config: ShapeRetrieval.Config
) -> dict[str, NDArray[np.generic]]:
    queries = np.unique(test.label, return_index=True)[1][: config.queries]
    found, cosine = nearest(features, queries, test.group, count=config.neighbors)
    return {
        "query_id": test.id[queries],
        "query_label": test.label[queries],
        "query_bits": test.bits[queries],
        "neighbor_id": test.id[found],
        "neighbor_label": test.label[found],
        "neighbor_cosine": cosine,
        "neighbor_bits": test.bits[found],
        "classes": np.array(test.classes),
        "side": np.array(test.side),
    }
