"""How well classes that were never seen are told from a few images of each, in episodes.

Source: Jake Snell, Kevin Swersky, Richard Zemel, *Prototypical Networks for Few-shot Learning*, 2017, section 3.1,
after Oriol Vinyals and others, *Matching Networks for One Shot Learning*, 2016: episodes of some classes (way) with a
few known images (shot) and 15 queries each; the mean accuracy of 1,000 of them with a 95 % interval.

Differs from the papers: where classes lie in super-classes, such as characters in alphabets, episodes within one stand
beside those across all, for the former are harder; rows for chance, pixels and random weights stand beside the model.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import encode_all, raw_pixels, untrained
from lessup.labels.nearest_prototype import NearestPrototype
from lessup.methods import FewShotLearner, Method
from lessup.probes.nearest import nearest
from lessup.samples import Samples
from lessup.samples.images import Images
from lessup.samples.splits import Split
from lessup.samples.turned_classes import turned_classes

PIXEL_SIDE = 28
"""Images are reduced to this side where their pixels are compared."""

Tell = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]
"""Gives (Q,) classes for (S,) known positions, their (S,) classes and (Q,) positions that are asked."""


@dataclass(frozen=True, eq=False)
class Episode:
    """Positions of the samples of one episode, by class.

    Attributes:
        known: (way, shot) int64.
        asked: (way, queries) int64.
        home: super-class that all classes are of, or -1.
    """

    known: NDArray[np.int64]
    asked: NDArray[np.int64]
    home: int = -1


class FewShot(Protocol):
    """``across`` and ``within``: mean accuracy over episodes in percent, each with the half width of its 95 % interval.

    ``across`` draws the classes of an episode from all, ``within`` from one super-class, which is drawn first.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            way: classes of an episode.
            shot: images of each class that are known.
            queries: images of each class that are asked.
            episodes: of each kind.
            metric: how features are compared: the method's ``own`` way where it has one; or nearest class mean in
                ``euclidean`` distance, which methods without one always have, or by ``cosine``.
            layer: name of the layer; the method's default if not given.
            turned_classes: also count images turned by quarters, as classes of their own.
            seed: of the episodes and the random weights.
            references: also measure pixels and random weights.
        """

        way: int = 5
        shot: int = 1
        queries: int = 15
        episodes: int = 1000
        metric: Literal["own", "euclidean", "cosine"] = "own"
        layer: str | None = None
        turned_classes: bool = False
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = (
        "Snell, Swersky, Zemel, Prototypical Networks for Few-shot Learning, 2017, https://arxiv.org/abs/1703.05175"
    )
    reads: ClassVar[tuple[str, ...]] = ("label",)
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Draw episodes from the test part and tell what they ask; all rows are asked the same.

        Raises:
            DataError: too few classes have enough images for an episode.
            UsageError: there is no such layer, a setting is out of range, or what is no image is to be turned.
        """
        config = self.config
        if config.way < 2 or min(config.shot, config.queries, config.episodes) < 1:
            raise UsageError(
                f"--way {config.way}, --shot {config.shot}, --queries {config.queries}, --episodes {config.episodes}: "
                "wanted 2 or more, and 1 or more of the others"
            )
        test = split.test
        if config.turned_classes:
            if not isinstance(test, Images):
                raise UsageError("images alone can be turned: leave out --turned-classes")
            test = turned_classes(test)
        drawn, notes = self._episodes(test)
        rows = {"chance": {kind: Score(100 / config.way) for kind in drawn}}
        for row, tell in self._tellers(method, test).items():
            rows[row] = {}
            for kind, episodes in drawn.items():
                rows[row] |= _scores(kind, episodes, [_accuracy(tell, one) for one in episodes], test)
        return Result(rows, {}, (*notes, *_seen(test, split.train)))

    def _episodes(self, test: Samples) -> tuple[dict[str, list[Episode]], list[str]]:
        """Return the episodes of each kind, and what must be said of the classes."""
        config, superclass = self.config, _superclasses(test)
        wanted = config.shot + config.queries
        members = {
            int(label): np.flatnonzero(test.label == label)
            for label, count in zip(*np.unique(test.label[test.label >= 0], return_counts=True), strict=True)
            if count >= wanted
        }
        total = len(np.unique(test.label[test.label >= 0]))
        if len(members) < config.way:
            raise DataError(
                f"an episode of {config.way} classes wants {wanted} images of each ({config.shot} shot and "
                f"{config.queries} queries): {len(members)} of {total} classes have as many; lower --way, --shot or "
                "--queries, or add images"
            )
        notes = (
            []
            if len(members) == total
            else [f"{total - len(members)} of {total} classes have fewer than {wanted} images"]
        )
        draw = _Draw(config.way, config.shot, config.queries)
        random = np.random.default_rng(config.seed)
        drawn = {"across": [draw(members, random) for _ in range(config.episodes)]}
        occurring = np.unique(superclass[np.unique(test.label[test.label >= 0])])
        homes = {home: {k: v for k, v in members.items() if superclass[k] == home} for home in occurring}
        enough = [home for home, own in homes.items() if home >= 0 and len(own) >= config.way]
        if enough:
            random = np.random.default_rng((config.seed, 1))
            chosen = random.choice(enough, config.episodes).tolist()
            drawn["within"] = [draw(homes[home], random, home) for home in chosen]
        short = len(homes) - len(enough) - (-1 in homes)
        if short:
            notes.append(
                f"{short} of {len(homes)} super-classes have fewer than {config.way} such classes: none within them"
            )
        return drawn, notes

    def _tellers(self, method: Method, test: Samples) -> dict[str, Tell]:
        """Return what tells the classes of an episode, by row."""
        config = self.config
        tellers: dict[str, Tell] = {}
        if config.references:
            if isinstance(test, Images):
                tellers["pixels"] = nearest_image(raw_pixels(test, PIXEL_SIDE))
            fresh = untrained(method, config.seed)
            tellers["random"] = model_teller(fresh, test, metric=config.metric, layer=config.layer)
        return tellers | {"model": model_teller(method, test, metric=config.metric, layer=config.layer)}


@dataclass(frozen=True)
class _Draw:
    """Draws episodes of one shape."""

    way: int
    shot: int
    queries: int

    def __call__(
        self, members: Mapping[int, NDArray[np.int64]], random: np.random.Generator, home: int = -1
    ) -> Episode:
        chosen = random.choice(sorted(members), self.way, replace=False).tolist()
        drawn = np.stack([random.permutation(members[k])[: self.shot + self.queries] for k in chosen])
        return Episode(drawn[:, : self.shot], drawn[:, self.shot :], home)


def model_teller(
    method: Method, test: Samples, *, metric: Literal["own", "euclidean", "cosine"], layer: str | None
) -> Tell:
    """Return what tells classes by features of samples.

    Args:
        method: in ``eval`` mode.
        test: the samples that positions count.
        metric: the method's own way, which it has for its default layer, or the nearest class mean.
        layer: name; the default if None.

    Raises:
        UsageError: there is no such layer.
    """
    name = method.chosen(layer)
    x = encode_all(method, test, layer=name)
    if metric == "own" and isinstance(method, FewShotLearner) and name == method.layers[0]:
        return _own_way(method, x)
    return _nearest_prototype(x, "cosine" if metric == "cosine" else "euclidean")


def nearest_image(x: NDArray[np.float32]) -> Tell:
    """Return what gives a sample the class of the nearest known one, by (N, D) features."""
    features = torch.from_numpy(x)

    def tell(known: NDArray[np.int64], label: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
        found = nearest(features[asked], features[known], 1, metric="euclidean")
        index: NDArray[np.int64] = found.index[:, 0].numpy()
        return label[index]

    return tell


def _own_way(method: FewShotLearner, x: NDArray[np.float32]) -> Tell:
    """Return a teller by the method's own comparison of (N, D) features of its default layer."""
    features = torch.from_numpy(x).to(method.device)

    def tell(known: NDArray[np.int64], label: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
        with torch.inference_mode():
            given = torch.from_numpy(label).to(method.device)
            found: NDArray[np.int64] = method.told(features[known], given, features[asked]).argmax(1).cpu().numpy()
        return found

    return tell


def _nearest_prototype(x: NDArray[np.float32], metric: Literal["euclidean", "cosine"]) -> Tell:
    def tell(known: NDArray[np.int64], label: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = (
            NearestPrototype(metric=metric, temperature=1.0).fit(x[known], label).predict(x[asked])
        )
        return found

    return tell


def _accuracy(tell: Tell, one: Episode) -> float:
    """Return the share of an episode that is told right, in percent."""
    way, shot = one.known.shape
    label, target = np.repeat(np.arange(way), shot), np.repeat(np.arange(way), one.asked.shape[1])
    return float(100 * (tell(one.known.ravel(), label, one.asked.ravel()) == target).mean())


def _scores(kind: str, episodes: Sequence[Episode], accuracy: Sequence[float], test: Samples) -> dict[str, Score]:
    """Return the mean with the half width of its 95 % interval, and the mean of each super-class."""
    found = {kind: Score(float(np.mean(accuracy)))}
    if len(accuracy) > 1:
        found[f"{kind}_interval"] = Score(float(1.96 * np.std(accuracy, ddof=1) / len(accuracy) ** 0.5))
    values, home = np.array(accuracy), np.array([one.home for one in episodes])
    names = sorted(set(test.superclasses)) if isinstance(test, Images) else []
    return found | {f"{kind}/{names[n]}": Score(float(values[home == n].mean())) for n in np.unique(home[home >= 0])}


def _superclasses(test: Samples) -> NDArray[np.int64]:
    """Return (K,) int64 numbers of the super-class of every class, -1 where there are none."""
    if not isinstance(test, Images) or not test.superclasses:
        return np.full(len(test.classes), -1)
    return np.unique(test.superclasses, return_inverse=True)[1]


def _seen(test: Samples, train: Samples) -> Iterator[str]:
    """Say how many of the classes were trained on, where any was."""
    asked = {test.classes[label] for label in np.unique(test.label[test.label >= 0])}
    known = {train.classes[label] for label in np.unique(train.label[train.label >= 0])} if len(train) else set()
    if asked & known:
        told = f"{len(asked & known)} of {len(asked)} classes were there in training"
        yield f"{told}: pass --whole-classes to `lessup train`"
