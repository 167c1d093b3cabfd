"""How well the nearest labelled samples tell the class of another, by frozen features.

Source: Wu, Xiong, Yu, Lin, *Unsupervised Feature Learning via Non-Parametric Instance Discrimination*, 2018, section
3.4: votes weighted by exp(cosine / 0.07). With ``--k 1 --metric euclidean --layers fc2`` it is the 1-nearest-neighbour
accuracy on MNIST of Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, section 4.2.

Differs from the papers: k and the layer are chosen on a third of the known samples where several are given; rows for
chance, pixels, random weights and ``magic-init`` stand beside the model.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import UsageError
from lessup.evaluation import LabelConfig, LabelProtocol, Result, scores_over
from lessup.features import raw_pixels
from lessup.methods import ImageEncoder, Method
from lessup.metrics.decisions import decision_scores
from lessup.probes.layer_search import Features, how, looked_at, searched
from lessup.probes.linear_rows import chance, counted, encode_pool
from lessup.probes.nearest import Metric, Neighbours, nearest
from lessup.probes.reference_rows import references
from lessup.samples.images import Images
from lessup.samples.label_draws import Draw, LabelledPool, hold_out
from lessup.samples.splits import Split

LARGEST_PIXEL_SIDE = 32
"""Images are reduced to this side where their pixels are compared, or to that of the network if it is smaller."""


NEARER = 1e-6
"""By how much a plain vote counts more than that of the next neighbour, so that ties go to the nearer class."""

Encode = Callable[[], Features]


class KNN(LabelProtocol):
    """Accuracy over samples and its mean over classes in percent; where samples have several classes, mean AP.

    With several ``k``, ``METRIC_of_K`` is that of each; with several layers, ``METRIC_at_LAYER`` that of each; and
    ``METRIC`` that of the chosen ones.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config(LabelConfig):
        """What is measured.

        Attributes:
            layers: names of layers; if none is given, one of the backbone's is chosen on a third of the known samples
                of the first draw, apart for each row.
            k: how many neighbours vote; the best of several is chosen.
            metric: what is near.
            vote: ``weighted`` by nearness, which the cosine alone allows, or ``plain``; ``auto`` is weighted for it.
            temperature: distance that makes a weighted vote e times weaker.
        """

        layers: tuple[str, ...] = ()
        k: tuple[int, ...] = (1, 5, 20, 200)
        metric: Metric = "cosine"
        vote: Literal["auto", "weighted", "plain"] = "auto"
        temperature: float = 0.07

    paper: ClassVar[str] = (
        "Wu, Xiong, Yu, Lin, Unsupervised Feature Learning via Non-Parametric Instance Discrimination, 2018, "
        "https://arxiv.org/abs/1805.01978"
    )
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Let the known samples vote on the others, or on the test part.

        Raises:
            DataError: too few samples have a label.
            UsageError: there is no such layer, or the vote or k makes no sense.
        """
        config = self.config
        if not config.k or min(config.k) < 1:
            raise UsageError(f"--k {' '.join(map(str, config.k))}: wanted numbers of 1 or more")
        if config.vote == "weighted" and config.metric == "euclidean":
            raise UsageError("votes are weighted by the cosine: pass --vote plain, or --metric cosine")
        pool, draws = self.drawn(split)
        rows: dict[str, list[dict[str, float]]] = {}
        notes: list[str] = []
        if config.references:
            rows["chance"] = [chance(pool, draw) for draw in draws]
        for row, encode in self._encoders(method, pool, draws, notes).items():
            features = encode()
            voted = [self._vote(features, pool, draw) for draw in draws]
            rows[row] = [values for values, _ in voted]
            chosen = Counter(choice for _, choice in voted).most_common()
            notes.append(f"chosen for {row}: {', '.join(f'{name} ({n} of {len(draws)} draws)' for name, n in chosen)}")
        return Result({row: scores_over(values) for row, values in rows.items()}, {}, (*notes, *counted(pool, draws)))

    def _encoders(
        self, method: Method, pool: LabelledPool, draws: Sequence[Draw], notes: list[str]
    ) -> dict[str, Encode]:
        """Return what computes the features of the pool, by row."""
        named = tuple(method.chosen(layer) for layer in self.config.layers)
        known = looked_at(pool, draws)
        notes += [] if named else how(method, known)
        networks: dict[str, Method] = {"model": method}
        encoders: dict[str, Encode] = {}
        if self.config.references:
            others = references(method, pool.parts[0], seed=self.config.seed)
            networks = {**others.networks, "model": method}
            notes += others.notes
            if isinstance(method, ImageEncoder):
                side = min(method.backbone.side, LARGEST_PIXEL_SIDE)
                encoders["pixels"] = partial(_pixels, pool, side)

        def encode(network: Method) -> Features:
            return encode_pool(network, pool, named or (searched(network, known, self._told),))

        return encoders | {row: partial(encode, network) for row, network in networks.items()}

    def _told(self, features: Features, pool: LabelledPool, parted: Draw) -> dict[str, float]:
        """Return the score of what is asked by layer, with the best k."""
        headline = "map" if pool.several else "accuracy"
        scores = self._scores(features, pool, parted)
        return {layer: max(scores[one][headline] for one in scores if one[0] == layer) for layer in features}

    def _vote(self, features: Features, pool: LabelledPool, draw: Draw) -> tuple[dict[str, float], str]:
        """Return the metrics of a draw, and which layer and k were chosen."""
        options = [(layer, k) for layer in features for k in _usable(self.config.k, len(draw.known))]
        layer, number = options[0]
        parted = hold_out(pool, draw.known) if len(options) > 1 else None
        if parted is not None:
            validation = self._scores(features, pool, parted)
            headline = "map" if pool.several else "accuracy"
            known = [option for option in options if option in validation]
            layer, number = max(known, key=lambda option: validation[option][headline])
        scores = self._scores(features, pool, draw)
        metrics = dict(scores[layer, number])
        for (other, k), values in scores.items():
            overall = {name: value for name, value in values.items() if "/" not in name}
            if other == layer and len(self.config.k) > 1:
                metrics |= {f"{name}_of_{k}": value for name, value in overall.items()}
            if k == number and len(features) > 1:
                metrics |= {f"{name}_at_{other}": value for name, value in overall.items()}
        return metrics, f"{layer}, k {number}"

    def _scores(self, features: Features, pool: LabelledPool, draw: Draw) -> dict[tuple[str, int], dict[str, float]]:
        """Return the scores of every layer and k."""
        ks = _usable(self.config.k, len(draw.known))
        found = {}
        for layer, values in features.items():
            known, asked = (torch.from_numpy(values[side]) for side in (draw.known, draw.asked))
            every = nearest(asked, known, max(ks), metric=self.config.metric)
            for k in ks:
                votes = self._votes(Neighbours(every.index[:, :k], every.distance[:, :k]), pool.targets[draw.known])
                decided = decision_scores(votes, pool.targets[draw.asked], pool.classes, several=pool.several)
                found[layer, k] = decided
        return found

    def _votes(self, neighbours: Neighbours, targets: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return (M, K) shares of the votes; each neighbour votes for all of its classes."""
        plain = self.config.vote == "plain" or (self.config.vote == "auto" and self.config.metric == "euclidean")
        rank = torch.arange(neighbours.index.shape[1]) * NEARER
        weight = torch.softmax(-rank if plain else -neighbours.distance / self.config.temperature, -1)
        weight = weight.expand(neighbours.index.shape)
        has = torch.from_numpy(targets == 1).float()
        votes = torch.zeros(len(weight), targets.shape[1])
        for place in range(weight.shape[1]):
            votes.addcmul_(weight[:, place, None], has[neighbours.index[:, place]])
        return votes.numpy()


def _usable(ks: tuple[int, ...], num_known: int) -> tuple[int, ...]:
    """Return the numbers of neighbours that there are, or the largest one."""
    return tuple(k for k in ks if k <= num_known) or (num_known,)


def _pixels(pool: LabelledPool, side: int) -> Features:
    return {"pixels": np.concatenate([raw_pixels(part, side) for part in pool.parts if isinstance(part, Images)])}
