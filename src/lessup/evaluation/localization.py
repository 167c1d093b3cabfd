"""Whether a classifier's maps tell where the objects of its classes are, beside boxes that do not look.

Source: Choe, Oh, Lee, Chun, Akata, Shim, *Evaluating Weakly Supervised Object Localization Methods Right*, 2020, and
the CLS-LOC task of Russakovsky et al., *ImageNet Large Scale Visual Recognition Challenge*, 2015.

Differs from the papers: overlaps are measured at each image's own size, where Choe et al. squeeze images and boxes to
224 pixels; 100 thresholds, not 1000; maps are stretched linearly; rows for boxes that do not look, for maps of classes
drawn at random and for the untrained network.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import untrained
from lessup.masks.boxes import LEVELS, SHARE, Scale, Way, boxes_over, central_box
from lessup.masks.image_maps import Crops
from lessup.masks.localization_rows import MAPPED, NAMED, Answer, Drawing, answers
from lessup.masks.overlays import photograph
from lessup.methods import Classifier, Method
from lessup.metrics import localization as metrics
from lessup.samples.images import Images
from lessup.samples.spacing import evenly_spaced
from lessup.samples.splits import Split

CENTRAL = 0.75
"""Side of the central box as a share of the image's: the best of Tiny-ImageNet, 48 of 64 pixels, so a strong rival."""

Networks = tuple[Classifier, Classifier]
"""The trained one and the same with random weights."""


class Localization(Protocol):
    """Objects found, in percent of the images.

    ``given``, and ``given/CLASS``: the box that is drawn for the image's own class overlaps an object of it by half.
    ``top1`` and ``top5``: and the class is named first, or among five; ``top1_class`` and ``top5_class``: named alone.
    ``max_box_accuracy`` and ``max_box_accuracy_v2``: ``given`` at the threshold that suits the measured images best, as
    Choe et al. define them; ``mean_box_accuracy``: its mean over all thresholds. ``pixel_ap``: average precision of
    pixels, where there are masks. Of five classes or fewer there is no ``top5``.

    Figures: ``rows`` (R,), ``thresholds`` (S,) and ``curve_ROW`` (S,) of ``given`` in percent; of E images
    ``example_image`` (E, H, W, 3) and ``example_map`` (E, H, W) uint8, filled up with 0 beyond ``example_extent``
    (E, 2), ``example_found`` (E, 1, 4) and ``example_true`` (E, M, 4) boxes, of no area where there is none,
    ``example_class`` and ``example_named`` (E,) str, and ``example_overlap`` (E,).
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            method: `paper` draws the box around the largest part above a threshold, `release` the first one of the
                code of CAM's authors, at three fixed levels.
            threshold: of the paper's way, as a share of the maximum; where none is chosen.
            validation_boxes: validation images whose boxes choose the threshold of every row and the side of a central
                box; 0 looks at none.
            scale: whether 0 of a map is its least value (`range`) or no evidence for the class (`maximum`).
            crops: looks at an image: one at the whole, or ten as in the code of CAM's authors, for ten times the time.
            thresholds: evenly spaced, from 0 on.
            seed: of the random weights, the random classes and the validation images.
            pictures: images kept for the report.
        """

        method: Way = "paper"
        threshold: float = SHARE
        validation_boxes: int = 0
        scale: Scale = "range"
        crops: Crops = 1
        thresholds: int = 100
        seed: int = 0
        pictures: int = 12

    paper: ClassVar[str] = (
        "Choe, Oh, Lee, Chun, Akata, Shim, Evaluating Weakly Supervised Object Localization Methods Right, 2020, "
        "https://arxiv.org/abs/2001.07437"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "extent", "label", "boxes")
    needs: ClassVar[type[Method]] = Classifier  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True
    config: Config

    @property
    def deals(self) -> bool:
        """Whether no boxes but those of the test part are looked at, so that all of new data can be the test part."""
        return self.config.validation_boxes == 0

    def measure(self, method: Method, split: Split) -> Result:
        """Draw boxes on the test part: from trained and untrained weights, for any class, and without looking.

        Raises:
            DataError: no image has a box of its class, or the network knows other classes.
            UsageError: a setting is out of range.
        """
        assert isinstance(method, Classifier)
        self._check()
        blank = untrained(method, self.config.seed)
        assert isinstance(blank, Classifier)
        test, left_out = _usable(split.test, "test")
        drawing, chosen = self._drawing((method, blank), split)
        outcomes = self._outcomes((method, blank), test, drawing)
        rows = {row: _scores(each, test) for row, each in outcomes.items()}
        rows["chance_class"] |= _named_by_chance(rows["model"]["given"].mean, len(test.classes))
        figures = self._curves(outcomes) | self._examples((method, blank), test, drawing)
        return Result(rows, figures, (*left_out, chosen, *_gains(outcomes), *_pixel_notes(outcomes["model"])))

    def _check(self) -> None:
        config = self.config
        if not 0 <= config.threshold < 1:
            raise UsageError(f"--threshold {config.threshold}: wanted a share of the maximum, from 0 to below 1")
        if config.thresholds < 1 or config.validation_boxes < 0:
            raise UsageError("wanted --thresholds 1 or more and --validation-boxes 0 or more")

    @property
    def _thresholds(self) -> NDArray[np.float64]:
        return np.arange(self.config.thresholds) / self.config.thresholds

    def _drawing(self, networks: Networks, split: Split) -> tuple[Drawing, str]:
        """Decide how boxes are drawn, by the boxes of validation images where that is asked for, and say how."""
        config = self.config
        fixed = Drawing(
            way=config.method,
            scale=config.scale,
            crops=config.crops,
            thresholds=dict.fromkeys(MAPPED, config.threshold),
            sides={"central_box": CENTRAL},
            seed=config.seed,
        )
        way = f"boxes lie around the largest part above {100 * config.threshold:g} % of the maximum of the map"
        if config.method == "release":
            way = f"boxes are the first of CAM's release, at {', '.join(map(str, LEVELS))} of 255"
        if not config.validation_boxes:
            return fixed, f"{way}; no box was looked at to choose that"
        known, _ = _usable(split.validation, "validation")
        order = np.random.default_rng(config.seed).permutation(len(known))
        some = known.take(np.sort(order[: config.validation_boxes]))
        side = self._best_side(some)
        sided = replace(fixed, sides={**fixed.sides, "central_box_chosen": side})
        said = f"chosen by the boxes of {len(some)} validation images: a central box of {100 * side:g} % of each side"
        if config.method == "release":
            return sided, f"{way}; {said}"
        outcomes = self._outcomes(networks, some, fixed)
        best = {row: self._best_threshold(outcomes[row]) for row in MAPPED}
        each = ", ".join(f"{100 * share:g} % ({row})" for row, share in best.items())
        return replace(sided, thresholds=best), f"{said}, and thresholds of the maximum of {each}"

    def _best_side(self, images: Images) -> float:
        sides = 1 - self._thresholds  # from above 0 to 1
        overlaps = [
            [_overlap(central_box(_extent(images, index), side), _objects(images, index)) for side in sides.tolist()]
            for index in range(len(images))
        ]
        return float(sides[metrics.best_place(metrics.box_accuracies(np.array(overlaps)))])

    def _best_threshold(self, outcomes: Sequence["Outcome"]) -> float:
        accuracy = metrics.box_accuracies(np.stack([each.largest for each in outcomes]))
        return float(self._thresholds[metrics.best_place(accuracy)])

    def _outcomes(self, networks: Networks, images: Images, drawing: Drawing) -> dict[str, list["Outcome"]]:
        """Return how every row does on every image."""
        outcomes: dict[str, list[Outcome]] = {}
        console = Console(stderr=True)
        said = track(
            answers(*networks, images, drawing),
            "localize",
            total=len(images),
            console=console,
            disable=not sys.stderr.isatty(),
        )
        for index, by_row in enumerate(said):
            truth = _truth(images, index)
            for row, answer in by_row.items():
                outcome = _outcome(answer, images, index, truth, self._thresholds)
                outcomes.setdefault(row, []).append(outcome)
        return outcomes

    def _curves(self, outcomes: Mapping[str, Sequence["Outcome"]]) -> dict[str, NDArray[np.generic]]:
        curves = {
            f"curve_{row}": 100 * metrics.box_accuracies(np.stack([one.largest for one in each]))
            for row, each in outcomes.items()
        }
        return {"rows": np.array(list(outcomes)), "thresholds": self._thresholds, **curves}

    def _examples(self, networks: Networks, test: Images, drawing: Drawing) -> dict[str, NDArray[np.generic]]:
        chosen = evenly_spaced(len(test), self.config.pictures)
        if not len(chosen):
            return {}
        shown = test.take(chosen)
        said = [by_row["model"] for by_row in answers(*networks, shown, drawing)]
        objects = [_objects(shown, index) for index in range(len(shown))]
        overlaps = [_overlap(answer.box, own) for answer, own in zip(said, objects, strict=True)]
        return {
            "example_image": _padded([photograph(shown.pixels[index]) for index in range(len(shown))]),
            "example_map": _padded([np.rint(255 * answer.score_map).astype(np.uint8) for answer in said]),
            "example_extent": shown.pixels.extent,
            "example_found": np.stack([_one(answer.box) for answer in said]),
            "example_true": _padded(objects),
            "example_class": np.array([test.classes[label] for label in shown.label]),
            "example_named": np.array([test.classes[answer.named[0]] for answer in said]),
            "example_overlap": np.array(overlaps),
        }


@dataclass(frozen=True, eq=False)
class Outcome:
    """How an answer fits the objects of its image.

    Attributes:
        right: (n,) bool, whether each named class is the image's.
        found: (n,) bool, and its box is on an object.
        overlap: of the box for the class that it was told.
        largest: (S,) overlap of the largest part at every threshold.
        any_part: (S,) that of the best part.
        pixels: (2, B) off and on objects, by score; None without a mask.
    """

    right: NDArray[np.bool_]
    found: NDArray[np.bool_]
    overlap: float
    largest: NDArray[np.float64]
    any_part: NDArray[np.float64]
    pixels: NDArray[np.int64] | None


def _outcome(
    answer: Answer, images: Images, index: int, truth: NDArray[np.int64] | None, thresholds: NDArray[np.float64]
) -> Outcome:
    label, objects = images.label[index], _objects(images, index)
    # Of the named classes only the image's own can be right, and that is the one that the box was drawn for.
    corners = np.repeat(_one(answer.box), len(answer.named), axis=0)
    found = metrics.localized(answer.named, corners, np.full(len(objects), label), objects)
    over = [metrics.best_overlaps(boxes, objects) for boxes in boxes_over(answer.score_map, thresholds)]
    return Outcome(
        right=answer.named == label,
        found=found,
        overlap=_overlap(answer.box, objects),
        largest=np.array([own[0] if len(own) else 0.0 for own in over]),
        any_part=np.array([own.max(initial=0.0) for own in over]),
        pixels=None if truth is None else metrics.pixel_counts(answer.score_map, truth),
    )


def _usable(part: object, name: str) -> tuple[Images, tuple[str, ...]]:
    """Leave out the images without a box of their own class that counts."""
    assert isinstance(part, Images)
    kept = [index for index in range(len(part)) if part.label[index] >= 0 and len(_objects(part, index))]
    if not kept:
        advice = "pass --validation-boxes 0" if name == "validation" else "train with --folds 2 or more, or pass --data"
        raise DataError(f"none of the {len(part)} {name} images has a label and a box of its class: {advice}")
    left_out = len(part) - len(kept)
    note = f"{left_out} of {len(part)} {name} images are left out: they have no box of their class"
    return part.take(np.array(kept)), ((note,) if left_out else ())


def _objects(images: Images, index: int) -> NDArray[np.float32]:
    """Return (T, 4) the boxes of an image's own class, without difficult ones."""
    own = (images.boxes or ())[index]
    corners: NDArray[np.float32] = own.corners[(own.label == images.label[index]) & ~own.difficult]
    return corners


def _truth(images: Images, index: int) -> NDArray[np.int64] | None:
    """Return (H, W) 1 on the image's own class, 0 off it, -1 where a pixel is not counted; None without any that is."""
    if images.masks is None:
        return None
    mask = images.masks[index][..., 0].astype(np.int64)
    return None if (mask == 255).all() else np.where(mask == 255, -1, mask == 1 + images.label[index])


def _extent(images: Images, index: int) -> tuple[int, int]:
    height, width = images.pixels.extent[index].tolist()
    return height, width


def _overlap(box: NDArray[np.floating], objects: NDArray[np.floating]) -> float:
    return float(metrics.best_overlaps(box, objects).max(initial=0.0))


def _one(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (1, 4): the box, or one of no area."""
    return box if len(box) else np.zeros((1, 4))


def _padded(arrays: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    """Return arrays of several shapes as one, filled up with 0 at the end of each axis."""
    shape = np.max([array.shape for array in arrays], axis=0)
    filled = np.zeros((len(arrays), *shape), arrays[0].dtype)
    for row, array in zip(filled, arrays, strict=True):
        row[tuple(map(slice, array.shape))] = array
    return filled


def _scores(outcomes: Sequence[Outcome], test: Images) -> dict[str, Score]:
    given = np.array([each.overlap for each in outcomes]) >= metrics.OVERLAP
    largest, any_part = (np.stack([getattr(each, name) for each in outcomes]) for name in ("largest", "any_part"))
    values = {"given": given.mean()}
    if len(outcomes[0].right):
        first = [1, NAMED] if len(test.classes) > NAMED else [1]
        values |= {f"top{n}": np.mean([each.found[:n].any() for each in outcomes]) for n in first}
        values |= {f"top{n}_class": np.mean([each.right[:n].any() for each in outcomes]) for n in first}
    values["max_box_accuracy"] = metrics.max_box_accuracy(largest)
    values["max_box_accuracy_v2"] = metrics.max_box_accuracy_v2(any_part)
    values["mean_box_accuracy"] = metrics.mean_box_accuracy(largest)
    pixels = [each.pixels for each in outcomes if each.pixels is not None]
    if pixels and np.sum(pixels, axis=0)[1].any():
        values["pixel_ap"] = metrics.pixel_average_precision(np.sum(pixels, axis=0))
    values |= {f"given/{test.classes[label]}": given[test.label == label].mean() for label in np.unique(test.label)}
    return {name: Score(100 * float(value)) for name, value in values.items()}


def _named_by_chance(given: float, num_classes: int) -> dict[str, Score]:
    """Return what is expected where classes are named at random and boxes drawn on the model's maps of them."""
    first = [1, NAMED] if num_classes > NAMED else [1]
    named = {n: n / num_classes for n in first}
    return {f"top{n}": Score(given * share) for n, share in named.items()} | {
        f"top{n}_class": Score(100 * share) for n, share in named.items()
    }


def _gains(outcomes: Mapping[str, Sequence[Outcome]]) -> tuple[str, ...]:
    """Say how sure the difference to each row that does not look is."""
    found = {row: np.array([each.overlap for each in of_row]) >= metrics.OVERLAP for row, of_row in outcomes.items()}
    notes, count = [], len(found["model"])
    for row in [row for row in found if row not in MAPPED] if count > 1 else []:
        gain = 100 * (found["model"].astype(float) - found[row])
        doubt = gain.std(ddof=1) / np.sqrt(count)
        notes.append(f"given, model over {row}, image by image: {gain.mean():+.1f} points, standard error {doubt:.1f}")
    return tuple(notes)


def _pixel_notes(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    measured = sum(each.pixels is not None for each in outcomes)
    return (f"pixel_ap is that of the {measured} of {len(outcomes)} images with a mask",) if measured else ()
