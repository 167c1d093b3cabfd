"""Classes that were never seen, told by the vectors of their names or by attributes.

Source: Xian, Lampert, Schiele, Akata, *Zero-Shot Learning: A Comprehensive Evaluation of the Good, the Bad and the
Ugly*, 2018, section 4: accuracy is the mean over classes; in the generalised setting all classes stand to choose, and
H is the harmonic mean of the accuracies on seen and on unseen classes.

Differs from the paper: the split into seen and unseen classes is the user's, or by a hash of the names. A network that
was trained on labels of the unseen classes has seen them, which no protocol can take back: a note says so.
"""

import csv
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score, scores_over
from lessup.features import encode_all
from lessup.formats import word_vectors
from lessup.formats.table import table_rows
from lessup.labels.calibrated_stacking import chosen_penalty, penalised, seen_unseen_curve
from lessup.labels.class_names import class_vectors
from lessup.labels.conse import ConSE
from lessup.labels.dap import DAP
from lessup.labels.descriptions import ZeroShotClassifier
from lessup.labels.devise import DeViSE
from lessup.labels.eszsl import ESZSL
from lessup.labels.exem import EXEM
from lessup.labels.known_labels import UNLABELLED
from lessup.labels.told_by_name import SUREST, spread_from, surest
from lessup.methods import Method
from lessup.samples import Samples
from lessup.samples.splits import Split

ESTIMATORS: Mapping[str, Callable[[Mapping[str, NDArray[np.floating]]], ZeroShotClassifier]] = {
    "dap": DAP,
    "conse": ConSE,
    "devise": DeViSE,
    "eszsl": ESZSL,
    "exem": EXEM,
}
"""What makes the estimator of each row from descriptions."""

SUREST_SHARE = 0.2
"""Of the samples of an unseen class on average: so many are taken for examples where that is more than ``SUREST``.
Of 100 photographs each of classes held out of the seen ones, a fifth told a point more of them than five did."""


@dataclass(frozen=True, eq=False)
class Known:
    """Features with the names of their classes.

    Attributes:
        x: (N, D).
        name: (N,) class of each.
    """

    x: NDArray[np.float32]
    name: NDArray[np.str_]


class ZeroShot(Protocol):
    """``unseen``, and of the generalised setting ``seen_among_all``, ``unseen_among_all`` and ``harmonic``, in percent.

    Each is a mean over classes. ``calibrated`` is ``harmonic`` after calibrated stacking, ``area`` that under unseen by
    seen accuracy, which asks for no constant.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            vectors: file of word vectors, or ``glove``, for the names of the classes.
            descriptions: table of attributes in place of names: a class a line, its name first, numbers after it,
                below a line of names of columns.
            unseen: names of the classes that are never seen; by a hash of their names if none are given.
            share: of the classes that are never seen where they are not named.
            layer: name of the layer; the method's default if not given.
        """

        vectors: str = word_vectors.GLOVE
        descriptions: str = ""
        unseen: tuple[str, ...] = ()
        share: float = 0.25
        layer: str | None = None

    paper: ClassVar[str] = (
        "Xian, Lampert, Schiele, Akata, Zero-Shot Learning: A Comprehensive Evaluation of the Good, the Bad and the "
        "Ugly, 2018, https://arxiv.org/abs/1707.00600"
    )
    reads: ClassVar[tuple[str, ...]] = ("label",)
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Learn on training samples of the seen classes, and tell test samples of both.

        Raises:
            DataError: a class has no description, or too few classes are seen or unseen.
            UsageError: a name or a setting is wrong.
        """
        config = self.config
        if not 0 < config.share < 1:
            raise UsageError(f"--share {config.share}: wanted above 0 and below 1")
        classes = [name for name, has in zip(split.train.classes, _occurring(split.train), strict=True) if has]
        unseen = self._unseen(classes)
        described = _attributes(config.descriptions) if config.descriptions else None
        vectors = class_vectors(classes, word_vectors.read(config.vectors)) if described is None else described
        train, test = (_known(method, part, config.layer) for part in (split.train, split.test))
        estimators = {row: build(vectors) for row, build in ESTIMATORS.items()}
        rows = {"chance": {"unseen": Score(100 / len(unseen))}} | {
            row: scores_over([zero_shot_scores(estimator, train, test, unseen)])
            for row, estimator in estimators.items()
        }
        rows["exem_spread"] = {"unseen": Score(spread_accuracy(estimators["exem"], train, test, unseen))}
        notes = (
            f"{len(classes) - len(unseen)} classes seen, {len(unseen)} unseen: {', '.join(unseen)}",
            "a network that was trained on labels of the unseen classes has seen them",
        )
        return Result(rows, notes=notes)

    def _unseen(self, classes: Sequence[str]) -> list[str]:
        """Return the names of the classes that are never seen."""
        asked = list(self.config.unseen)
        if strange := [name for name in asked if name not in classes]:
            raise UsageError(f"--unseen {strange[0]}: none of the {len(classes)} classes, such as {classes[0]}")
        found = asked or by_hash(classes, self.config.share)
        if len(found) < 2 or len(classes) - len(found) < 2:
            raise DataError(f"{len(found)} of {len(classes)} classes unseen: wanted two or more of each kind")
        return found


def by_hash(names: Sequence[str], share: float) -> list[str]:
    """Return a share of the names, those with the smallest SHA-256, in their order; other names don't change places.

    >>> by_hash(["ant", "bee", "cat", "dog"], 0.5)
    ['ant', 'cat']
    """
    ranked = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    chosen = set(ranked[: round(share * len(names))])
    return [name for name in names if name in chosen]


def zero_shot_scores(
    estimator: ZeroShotClassifier, train: Known, test: Known, unseen: Sequence[str]
) -> dict[str, float]:
    """Learn on the seen classes of a training part, and tell the samples of a test part.

    Args:
        estimator: with descriptions of all classes.
        train: what is learnt from, but for samples of unseen classes.
        test: what is told.
        unseen: names of classes.

    Returns:
        The metrics of ``ZeroShot``, over the classes that occur, in percent.
    """
    seen = ~np.isin(train.name, unseen)
    x, y = train.x[seen], train.name[seen]
    estimator.fit(x, y)
    new = np.isin(test.name, unseen)
    code = np.argsort(estimator.classes_)[np.searchsorted(np.sort(estimator.classes_), test.name)]
    shares = estimator.predict_proba(test.x)
    lowered = penalised(shares, estimator.seen_, chosen_penalty(estimator, x, y, 0))
    told = among_both(estimator.classes_[shares.argmax(1)], test.name, new)
    return {
        "unseen": class_mean(estimator.predict_among(test.x[new], unseen), test.name[new]),
        "seen_among_all": told[0],
        "unseen_among_all": told[1],
        "harmonic": told[2],
        "calibrated": among_both(estimator.classes_[lowered.argmax(1)], test.name, new)[2],
        "area": 100 * seen_unseen_curve(shares, code, estimator.seen_).area,
    }


def among_both(told: NDArray[np.str_], name: NDArray[np.str_], new: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return the mean over seen classes, over unseen ones, and the harmonic mean of both, in percent."""
    seen, unseen = class_mean(told[~new], name[~new]), class_mean(told[new], name[new])
    return seen, unseen, 2 * seen * unseen / (seen + unseen) if seen + unseen else 0.0


def spread_accuracy(estimator: ZeroShotClassifier, train: Known, test: Known, unseen: Sequence[str]) -> float:
    """Tell the samples of unseen classes of both parts, of which none is labelled, all together.

    The samples that look most like each class are taken for examples of it, and their labels spread to the others.

    Args:
        estimator: that has learnt the seen classes.
        train: its samples of unseen classes stand beside those that are told, without their labels.
        test: what is told.
        unseen: names of classes.

    Returns:
        The mean over classes of the accuracy on the test part, in percent: transductive, for all samples are there at
        once.
    """
    new = np.isin(test.name, unseen)
    x = np.concatenate([test.x[new], train.x[np.isin(train.name, unseen)]])
    shares = estimator.shares_among(x, unseen)
    count = max(SUREST, round(SUREST_SHARE * len(x) / len(unseen)))
    examples = surest(shares, np.full(len(shares), UNLABELLED), count)
    told = spread_from(x, examples, len(unseen)).argmax(1)[: int(new.sum())]
    return class_mean(np.asarray(unseen)[told], test.name[new])


def class_mean(told: NDArray[np.str_], name: NDArray[np.str_]) -> float:
    """Return the mean over classes of the share that is told right, in percent."""
    return float(100 * np.mean([(told[name == one] == one).mean() for one in np.unique(name)]))


def _known(method: Method, samples: Samples, layer: str | None) -> Known:
    """Encode the samples with a label."""
    labelled = samples.take(np.flatnonzero(samples.label >= 0))
    return Known(encode_all(method, labelled, layer=layer), np.array(labelled.classes)[labelled.label])


def _occurring(samples: Samples) -> NDArray[np.bool_]:
    """Return (K,) whether a class has samples."""
    known = samples.label[samples.label >= 0]
    return np.bincount(known, minlength=len(samples.classes)) > 0


def _attributes(path: str) -> dict[str, NDArray[np.float64]]:
    """Read a table of a class and its attributes a line."""
    if not Path(path).is_file():
        raise DataError(f"no table at {path}: give a .csv or .tsv of a class and its attributes a line")
    rows = [row for row in table_rows(Path(path).read_bytes(), path)[1:] if row]
    try:
        return {row[0].strip(): np.array([float(cell) for cell in row[1:]]) for row in rows}
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path} holds what is no number: {error}; wanted a name and numbers in each line") from error
