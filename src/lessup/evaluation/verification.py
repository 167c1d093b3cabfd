"""Whether two images show the same person, or things of one class, none of which was seen in training.

Source: Chopra, Hadsell, LeCun, *Learning a Similarity Metric Discriminatively, with Application to Face Verification*,
2005, section 4: false accepts and false rejects as the threshold moves, by the distance of a pair; and by a normal
distribution of each person, fitted to the embeddings of the first five images, with P(genuine) = p / (p + c), where c
is the mean density of that person's impostors.

Differs from the paper: covariances of five images are shrunk (Ledoit and Wolf 2004), which it does not say; every
image beyond the first five claims to be each person once; pixels and random weights stand beside the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import encode_all, raw_pixels, untrained
from lessup.methods import ImageEncoder, Method
from lessup.metrics.verification import ErrorRates, error_rates
from lessup.probes.gaussian import Gaussian
from lessup.samples.images import Images
from lessup.samples.spacing import evenly_spaced
from lessup.samples.splits import Split

ACCEPTED = (10.0, 7.5, 5.0)
"""False accepts in percent at which the paper's tables say the false rejects."""

MOST_POINTS = 500
"""Points of a curve that the report draws."""

LARGEST_PIXEL_SIDE = 56
"""Images are reduced to this side where their pixels are compared, or to that of the network if it is smaller."""

NORMS = {"l1": 1.0, "euclidean": 2.0}


class Verification(Protocol):
    """``eer``, ``fr_at_10``, ``fr_at_7_5`` and ``fr_at_5`` of pairs by distance, and ``gaussian_...`` by person, in %.

    Every pair of test images with labels is a claim, genuine if the labels are equal.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            layer: name of the layer; the method's default if not given.
            metric: distance of a pair: ``euclidean``, ``l1`` or ``cosine`` (1 minus it); pixels are always Euclidean.
            enrolled: first images of each person to which its distribution is fitted; people with no more have none.
            most: images that are compared at most, drawn evenly from the test part; more would be too many pairs.
            seed: of that choice and of the random weights.
            references: also measure pixels and random weights.
        """

        layer: str | None = None
        metric: Literal["euclidean", "l1", "cosine"] = "euclidean"
        enrolled: int = 5
        most: int = 3000
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = (
        "Chopra, Hadsell, LeCun, Learning a Similarity Metric Discriminatively, with Application to Face Verification, "
        "2005, https://doi.org/10.1109/CVPR.2005.202"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "label")
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Let every pair of the test part claim to show one person, and every image to be each person.

        Raises:
            DataError: the labels of the test part give no genuine or no impostor pairs.
            UsageError: there is no such layer, or a setting is out of range.
        """
        config = self.config
        if config.enrolled < 3 or config.most < 2:
            raise UsageError(f"--enrolled {config.enrolled}, --most {config.most}: wanted 3 or more, and 2 or more")
        assert isinstance(split.test, Images)
        test, notes = _asked(split.test, config.most, config.seed)
        notes += _seen(test, split.train)
        layer = method.chosen(config.layer)
        features = {"model": encode_all(method, test, layer=layer)}
        if config.references:
            fresh = untrained(method, config.seed)
            assert isinstance(fresh, ImageEncoder)
            side = min(*fresh.backbone.size, LARGEST_PIXEL_SIDE)
            features = {"pixels": raw_pixels(test, side), "random": encode_all(fresh, test, layer=layer), **features}
        pairs, claims = {}, {}
        for row, x in features.items():
            pairs[row] = pair_errors(x, test.label, metric="euclidean" if row == "pixels" else config.metric)
            claims[row] = claim_errors(x, test.label, enrolled=config.enrolled)
        notes += [f"layer {layer}, {config.metric}", *_counted(test, config.enrolled)]
        rows = {
            row: _scores(pairs[row], "") | (_scores(by_person, "gaussian_") if (by_person := claims[row]) else {})
            for row in features
        }
        return Result(rows, _figures(pairs, claims), tuple(notes))


def pair_errors(features: NDArray[np.float32], label: NDArray[np.int64], *, metric: str) -> ErrorRates:
    """Return the error rates of all pairs by their distance.

    Args:
        features: (N, D).
        label: (N,) int64 >= 0, with a pair of one class and a pair of two.
        metric: ``euclidean``, ``l1`` or ``cosine``.
    """
    x = torch.from_numpy(features)
    first, second = np.triu_indices(len(label), 1)
    if metric == "cosine":
        unit = torch.nn.functional.normalize(x)
        distance = 1 - unit @ unit.T
    else:
        distance = torch.cdist(x, x, NORMS[metric], compute_mode="donot_use_mm_for_euclid_dist")
    return error_rates(distance.numpy()[first, second], label[first] != label[second])


def claim_errors(features: NDArray[np.float32], label: NDArray[np.int64], *, enrolled: int) -> ErrorRates | None:
    """Return the error rates of images that claim to be a person, by P = p / (p + c).

    Genuine claims are those of a person's images beyond the first ``enrolled``; all images of the others are impostors.

    Args:
        features: (N, D).
        label: (N,) int64 >= 0 persons, of which there are two or more.
        enrolled: images to which a person's distribution is fitted.

    Returns:
        Error rates over all claims, or None if no person has images beyond the first.
    """
    odds, different = [], []
    for person in np.unique(label):
        own = np.flatnonzero(label == person)
        if len(own) <= enrolled:
            continue
        known = Gaussian.of(features[own[:enrolled]])
        genuine = known.log_density(features[own[enrolled:]])
        impostor = known.log_density(features[label != person])
        constant = logsumexp(impostor) - np.log(len(impostor))
        odds += [genuine - constant, impostor - constant]  # log p / c, which rises with P and does not overflow
        different += [np.zeros(len(genuine), bool), np.ones(len(impostor), bool)]
    return error_rates(-np.concatenate(odds), np.concatenate(different)) if odds else None


def _asked(test: Images, most: int, seed: int) -> tuple[Images, list[str]]:
    """Return the images with labels, drawn where they are too many, and what must be said.

    Raises:
        DataError: they give no pairs of both kinds.
    """
    known = np.flatnonzero(test.label >= 0)
    left_out = len(test) - len(known)
    notes = [f"{left_out} of {len(test)} images have no label and are left out"] if left_out else []
    if len(known) > most:
        notes.append(f"{most} of {len(known)} images were drawn: --most {len(known)} compares all")
        known = np.sort(np.random.default_rng(seed).permutation(known)[:most])
    asked = test.take(known)
    counts = np.unique(asked.label, return_counts=True)[1]
    if len(counts) < 2 or counts.max() < 2:
        raise DataError(
            f"verification needs test images of two people or classes, and two of one: {len(asked)} images with a "
            f"label are of {len(counts)}, of which {(counts > 1).sum()} have two or more: train with --whole-classes "
            "and fewer --folds, or pass --data"
        )
    return asked, notes


def _seen(test: Images, train: object) -> list[str]:
    """Say how many people of the test part were learnt from."""
    assert isinstance(train, Images)
    people = np.unique(test.label)
    seen = np.isin(people, train.label).sum() if train.classes == test.classes else 0
    if not seen:
        return []
    return [f"{seen} of {len(people)} classes were seen in training: pass --whole-classes to train on others"]


def _counted(test: Images, enrolled: int) -> list[str]:
    """Say how many claims there were."""
    counts = np.unique(test.label, return_counts=True)[1]
    genuine = int((counts * (counts - 1) // 2).sum())
    every = len(test) * (len(test) - 1) // 2
    modelled = counts[counts > enrolled]
    claims = (int((modelled - enrolled).sum()), int((len(test) - modelled).sum()))
    return [
        f"{len(counts)} people or classes: {genuine} genuine and {every - genuine} impostor pairs",
        f"{len(modelled)} with images beyond the first {enrolled}: {claims[0]} genuine and {claims[1]} impostor claims",
    ]


def _scores(rates: ErrorRates, prefix: str) -> dict[str, Score]:
    values = {f"fr_at_{level:g}".replace(".", "_"): rates.false_reject_at(level / 100) for level in ACCEPTED}
    return {f"{prefix}{metric}": Score(100 * value) for metric, value in {"eer": rates.equal, **values}.items()}


def _figures(
    pairs: Mapping[str, ErrorRates], claims: Mapping[str, ErrorRates | None]
) -> dict[str, NDArray[np.generic]]:
    """Return ``rows``, and (T,) ``pairs_false_accept_ROW``, ``..._reject_ROW`` and the same of ``gaussian``."""
    figures: dict[str, NDArray[np.generic]] = {"rows": np.array([*pairs])}
    for kind, found in (("pairs", pairs), ("gaussian", claims)):
        for row, rates in found.items():
            if rates is not None:
                kept = evenly_spaced(len(rates.false_accept), MOST_POINTS)
                figures[f"{kind}_false_accept_{row}"] = rates.false_accept[kept]
                figures[f"{kind}_false_reject_{row}"] = rates.false_reject[kept]
    return figures
