"""What a method finds most like an image, as pictures, and how often an image of the same class is among the first k.

Source: the retrieval of Wang, Gupta, *Unsupervised Learning of Visual Representations Using Videos*, 2015, section 5.1
and figure 7: nearest neighbours by cosine, beside those of an untrained network; recall at k as in Jegou, Douze,
Schmid, *Product Quantization for Nearest Neighbor Search*, 2011.

Differs from the paper: held-out images ask one another, where there one set asks another; rows for chance, pixels and
``magic-init`` stand beside the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import gammaln

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import encode_all, raw_pixels, thumbnails, untrained
from lessup.methods import ImageEncoder, Method
from lessup.metrics.class_means import class_means
from lessup.probes.nearest import Neighbours, nearest_of_others
from lessup.probes.reference_rows import references
from lessup.samples.images import Images
from lessup.samples.label_draws import targets
from lessup.samples.splits import Split

ROWS = 1024
"""Images compared with all others at once."""

SHOWN = 64
"""Pixels a side of the pictures that are kept for the report."""

PIXEL_SIDE = 16
"""Images are reduced to this side where their pixels are compared."""


class Neighbors(Protocol):
    """Share of images in percent that find one of their class among their k nearest, and of each class.

    Images that share no label with any other are not counted. Where an image has several classes, sharing one is
    enough. Images of one group (copies, frames of a shot) do not find one another.

    Figures: for Q queries and M neighbours, ``query_patch`` (Q, S, S, C) uint8, ``query_id`` (Q,), ``query_label`` (Q,)
    and for ROW of ``model`` and ``random`` ``ROW_patch`` (Q, M, S, S, C), ``ROW_id``, ``ROW_label`` and ``ROW_cosine``
    (Q, M), as for ``patch-neighbors``.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            layer: name of the layer whose features are compared; the method's default if not given.
            k: numbers of neighbours.
            queries: images of which the report shows the neighbours, of different classes where there are as many.
            neighbors: how many of them are shown.
            seed: of the queries and the random weights.
            references: also measure chance, pixels and untrained networks.
        """

        layer: str | None = None
        k: tuple[int, ...] = (1, 5, 10)
        queries: int = 8
        neighbors: int = 5
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = (
        "Wang, Gupta, Unsupervised Learning of Visual Representations Using Videos, 2015, "
        "https://arxiv.org/abs/1505.00687"
    )
    reads: ClassVar[tuple[str, ...]] = ("image",)
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Let every image of the test part ask all others.

        Raises:
            DataError: there are too few images.
            UsageError: there is no such layer, or a k makes no sense.
        """
        test = split.test
        assert isinstance(test, Images)
        most = max(*self.config.k, self.config.neighbors, 0)
        if not self.config.k or min(self.config.k) < 1:
            raise UsageError(f"--k {' '.join(map(str, self.config.k))}: wanted numbers of 1 or more")
        largest_group = int(np.bincount(test.group).max()) if len(test) else 0
        if len(test) - largest_group < most:
            raise DataError(
                f"{len(test)} held-out images are too few for {most} neighbours of other groups: pass --data, or train "
                "with --folds 2 or more"
            )
        found, notes = self._found(method, test, most)
        relevant, listed = _relevant(test)
        asking = relevant > 0
        rows: dict[str, dict[str, Score]] = {}
        if self.config.references and asking.any():
            rows["chance"] = _scores({k: chance_recall(relevant, listed, k) for k in self.config.k}, asking, test)
        for row, neighbours in found.items() if asking.any() else ():
            hits = _shares_class(test, neighbours.index.numpy()).cumsum(1) > 0
            rows[row] = _scores({k: hits[:, k - 1] for k in self.config.k}, asking, test)
        lonely = len(test) - int(asking.sum())
        if lonely:
            notes.append(f"{lonely} of {len(test)} images share no label with another and are not counted")
        return Result(rows, self._figures(found, test), tuple(notes))

    def _found(self, method: Method, test: Images, most: int) -> tuple[dict[str, Neighbours], list[str]]:
        """Return the neighbours of all images by row."""
        networks: dict[str, Method] = {"random": untrained(method, self.config.seed)}
        notes = [f"layer {method.chosen(self.config.layer)}"]
        found = {}
        if self.config.references:
            found["pixels"] = _nearest(raw_pixels(test, PIXEL_SIDE), test.group, most)
            others = references(method, test, seed=self.config.seed)
            networks = others.networks
            notes += others.notes
        for row, network in {**networks, "model": method}.items():
            found[row] = _nearest(encode_all(network, test, layer=self.config.layer), test.group, most)
        return found, notes

    def _figures(self, found: Mapping[str, Neighbours], test: Images) -> dict[str, NDArray[np.generic]]:
        query = self._queries(test)
        asked = test.take(query)
        figures: dict[str, NDArray[np.generic]] = {
            "query_patch": thumbnails(asked, SHOWN),
            "query_id": asked.id,
            "query_label": _shown_label(asked),
        }
        for row in ("model", "random"):
            index = found[row].index[query, : self.config.neighbors].numpy()
            answers = test.take(index.reshape(-1))
            figures |= {
                f"{row}_patch": thumbnails(answers, SHOWN).reshape(*index.shape, SHOWN, SHOWN, -1),
                f"{row}_id": answers.id.reshape(index.shape),
                f"{row}_label": _shown_label(answers).reshape(index.shape),
                f"{row}_cosine": 1 - found[row].distance[query, : self.config.neighbors].numpy(),
            }
        return figures

    def _queries(self, test: Images) -> NDArray[np.int64]:
        """Return (Q,) positions in a random order, one a class before any class has two."""
        order = np.random.default_rng(self.config.seed).permutation(len(test))
        label = _shown_label(test)[order]
        turn = np.empty(len(order), np.int64)  # how many of its class come before each
        for kind in np.unique(label):
            of_kind = label == kind
            turn[of_kind] = np.arange(of_kind.sum())
        chosen: NDArray[np.int64] = order[np.argsort(turn, kind="stable")][: self.config.queries]
        return chosen


def chance_recall(relevant: NDArray[np.int64], listed: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Return the chance that k of the listed samples, picked at random, hold a relevant one.

    Args:
        relevant: (N,) of the samples that each query could find.
        listed: (N,) samples that it could find, >= k.
        k: how many are picked.

    >>> chance_recall(np.array([1, 3]), np.array([4, 4]), 2)
    array([0.5, 1. ])
    """
    misses = np.maximum(listed - relevant, k - 1)
    none = gammaln(misses + 1) - gammaln(misses - k + 1) - gammaln(listed + 1) + gammaln(listed - k + 1)
    chance: NDArray[np.float64] = 1 - np.where(listed - relevant < k, 0, np.exp(none))
    return chance


def _nearest(features: NDArray[np.float32], group: NDArray[np.int64], most: int) -> Neighbours:
    """Return the nearest samples of other groups."""
    rows, groups = torch.from_numpy(features), torch.from_numpy(group)
    return nearest_of_others(rows, rows, most, own=groups, group=groups)


def _relevant(test: Images) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (N,) how many images of other groups share a class with each, and how many there are."""
    has = (targets(test) == 1).astype(np.float32)
    listed = len(test) - np.bincount(test.group)[test.group]
    parts = [
        (((has[start : start + ROWS] @ has.T) > 0) & (test.group[start : start + ROWS, None] != test.group)).sum(1)
        for start in range(0, len(test), ROWS)
    ]
    return np.concatenate(parts), listed


def _shares_class(test: Images, index: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (N, M) whether each image shares a class with what it found."""
    has = targets(test) == 1
    return np.stack([(has & has[column]).any(1) for column in index.T], 1)


def _shown_label(images: Images) -> NDArray[np.int64]:
    """Return (N,) the class, or the first of several."""
    has = targets(images) == 1
    return np.where(has.any(1), has.argmax(1), -1)


def _scores(
    hits: Mapping[int, NDArray[np.floating] | NDArray[np.bool_]], asking: NDArray[np.bool_], test: Images
) -> dict[str, Score]:
    scores = {}
    label = _shown_label(test)[asking]
    for k, values in hits.items():
        percent = 100.0 * values[asking]
        scores[f"recall_{k}"] = Score(float(percent.mean()))
        by_class = class_means(percent, label, test.classes)
        scores |= {f"recall_{k}/{name}": Score(mean) for name, mean in by_class.items()}
    return scores
