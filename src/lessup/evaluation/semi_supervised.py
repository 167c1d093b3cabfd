"""How far a few labels go when all images are there in training: errors on those very images, and on held-out ones.

Source: Chapelle, Schölkopf, Zien, *Semi-Supervised Learning*, 2006, section 1.2, for the two settings: transductive,
where the unlabelled samples of training are what is asked, and inductive, where others are.

A run that was told a few labels is measured with these. Of any other, features are taken as they are, labels are drawn,
and the estimators of ``lessup label`` spread them. Features of a run that was told all labels know them: that is noted.
"""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score, scores_over
from lessup.features import encode_all
from lessup.labels.candidates import CANDIDATES
from lessup.methods import Classifier, Method
from lessup.samples import Samples
from lessup.samples.label_draws import take_until
from lessup.samples.splits import Split

ALONE = "logistic-regression"
"""The estimator that sees nothing but the labels."""

DEFAULT = ("label-spreading", "nearest-prototype", ALONE, "self-training")
"""Estimators whose time grows little faster than the number of samples."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """Features with true classes.

    Attributes:
        x: (N, D) float32.
        label: (N,) int64, -1 where not known.
    """

    x: NDArray[np.float32]
    label: NDArray[np.int64]


class SemiSupervised(Protocol):
    """``transductive_error`` on the images of training without a label, ``inductive_error`` on held-out ones, percent.

    With labels that were drawn, each has the number of labels a class behind it, such as ``transductive_error_5``.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            shots: numbers of labels a class, for runs that were not told a few labels.
            draws: how often labels are drawn anew.
            estimators: names, as of ``lessup label --method``.
            layer: name of the layer; the method's default if not given.
            most: images of the training part that are taken, drawn where there are more.
            seed: of the draws.
        """

        shots: tuple[int, ...] = (1, 2, 5, 10)
        draws: int = 5
        estimators: tuple[str, ...] = DEFAULT
        layer: str | None = None
        most: int = 10_000
        seed: int = 0

    paper: ClassVar[str] = (
        "Chapelle, Schölkopf, Zien, Semi-Supervised Learning, 2006, https://mitpress.mit.edu/9780262514125/"
    )
    reads: ClassVar[tuple[str, ...]] = ("label",)
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Spread labels over the training part, and tell the test part.

        Raises:
            DataError: too few samples have a class by which to judge, or a class has too few.
            UsageError: a setting makes no sense.
        """
        self._check()
        train, test = (_with_class(part) for part in (split.train, split.test))
        if len(np.unique(train.label)) < 2 or not len(test):
            raise DataError(
                f"{len(train)} training and {len(test)} test samples have a class: errors are measured on samples "
                "whose class is known, of two classes or more"
            )
        if split.known is not None:
            return self._of_run(method, split)
        chosen = _chosen(np.zeros(len(train), bool), self.config.most, self.config.seed)
        own = self._encoded(method, train.take(chosen)), self._encoded(method, test)
        rows: dict[str, dict[str, Score]] = {}
        for shots in self.config.shots:
            drawn = [self._drawn(own[0], shots, number) for number in range(self.config.draws)]
            repeats = [self._told(*own, known) for known in drawn]
            for row in repeats[0]:
                found = scores_over([repeat[row] for repeat in repeats])
                rows.setdefault(row, {}).update({f"{metric}_{shots}": score for metric, score in found.items()})
        rows["all_labels"] = {"inductive_error": Score(_with_all(*own))}
        notes = [f"{len(own[0].x)} images are there in training, {len(test)} are held out"]
        if "label" in method.reads:
            notes.append("the features were learnt from all labels, which they therefore know")
        return Result(rows, notes=tuple(notes))

    def _of_run(self, method: Method, split: Split) -> Result:
        """Measure a run that was told a few labels, and the estimators on its features with the same labels."""
        assert split.known is not None
        places = np.flatnonzero(split.train.label >= 0)
        train, known, test = split.train.take(places), split.known[places], _with_class(split.test)
        rows: dict[str, dict[str, float]] = {}
        if isinstance(method, Classifier):
            said = [encode_all(method, part, layer="logits").argmax(1) for part in (train, test)]
            rows["model"] = {
                "transductive_error": _error(said[0][~known], train.label[~known]),
                "inductive_error": _error(said[1], test.label),
            }
        chosen = _chosen(known, self.config.most, self.config.seed)
        own = self._encoded(method, train.take(chosen)), self._encoded(method, test)
        rows |= self._told(*own, known[chosen])
        notes = (
            f"{known.sum()} labels were told; transductive: {(~known).sum()} images of training, of the estimators "
            f"{len(chosen) - known.sum()}; inductive: {len(test)} held out",
            "estimators, all but model, read its features and know the labels that it was told; all_labels knows all",
        )
        scored = {row: scores_over([values]) for row, values in rows.items()}
        scored["all_labels"] = {"inductive_error": Score(_with_all(*own))}
        return Result(scored, notes=notes)

    def _check(self) -> None:
        """Raise for settings that make no sense."""
        config = self.config
        strange = [name for name in config.estimators if name not in CANDIDATES]
        if strange:
            raise UsageError(f"no estimator {strange[0]!r}: choose among {', '.join(CANDIDATES)}")
        if not config.shots or min(config.shots) < 1 or config.draws < 1 or config.most < 2:
            raise UsageError(
                f"--shots {' '.join(map(str, config.shots))}, --draws {config.draws}, --most {config.most}: wanted "
                "numbers of 1 or more, and 2 images or more"
            )

    def _encoded(self, method: Method, samples: Samples) -> _Asked:
        return _Asked(encode_all(method, samples, layer=self.config.layer), samples.label)

    def _drawn(self, train: _Asked, shots: int, number: int) -> NDArray[np.bool_]:
        """Return (N,) which labels are known in a draw; those of fewer shots are part of those of more."""
        counts = np.bincount(train.label)
        short = np.flatnonzero((counts > 0) & (counts <= shots))
        if len(short):
            raise DataError(
                f"{shots} labels a class: class {short[0]} has {counts[short[0]]} images in training, and one is to be "
                "asked; pass smaller numbers as --shots"
            )
        order = np.random.default_rng((self.config.seed, number)).permutation(len(train.label))
        has = (train.label[:, None] == np.arange(len(counts))).astype(np.int8)
        known = np.zeros(len(train.label), bool)
        known[take_until(has, np.arange(len(order)), np.where(counts > 0, shots, 0), order)] = True
        return known

    def _told(self, train: _Asked, test: _Asked, known: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
        """Return the errors of chance and every estimator with some labels known."""
        label = np.where(known, train.label, -1)
        rows = {
            "chance": {
                "transductive_error": _of_chance(train.label[known], train.label[~known]),
                "inductive_error": _of_chance(train.label[known], test.label),
            }
        }
        for name in self.config.estimators:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # unreached samples get the shares of the labels: part of the error
                estimator = CANDIDATES[name]().fit(train.x, label)
            said = getattr(estimator, "transduction_", None)
            said = estimator.predict(train.x) if said is None else said
            rows[name] = {
                "transductive_error": _error(said[~known], train.label[~known]),
                "inductive_error": _error(estimator.predict(test.x), test.label),
            }
        return rows


def _with_class(samples: Samples) -> Samples:
    return samples.take(np.flatnonzero(samples.label >= 0))


def _chosen(known: NDArray[np.bool_], most: int, seed: int) -> NDArray[np.int64]:
    """Return the places of all known samples, and of others drawn until there are as many as asked for."""
    order = np.random.default_rng(seed).permutation(len(known))
    order = order[np.argsort(~known[order], kind="stable")]
    return np.sort(order[: max(most, int(known.sum()) + 1)])


def _error(told: NDArray[np.int64], label: NDArray[np.int64]) -> float:
    """Return the share told wrongly, in percent; 0 of nothing."""
    return float(100 * (told != label).mean()) if len(label) else 0.0


def _of_chance(known: NDArray[np.int64], label: NDArray[np.int64]) -> float:
    """Return the error of the class with the most labels, told of all."""
    return _error(np.full(len(label), np.bincount(known).argmax()), label)


def _with_all(train: _Asked, test: _Asked) -> float:
    """Return the error on the test part of the classifier of the labels alone, with all labels of the training part."""
    return _error(CANDIDATES[ALONE]().fit(train.x, train.label).predict(test.x), test.label)
