"""How well a network learns to detect objects when it starts from a method's weights.

Source: the detection column of Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, table 3, after
Girshick, *Fast R-CNN*, 2015.

Differs from the papers: see ``probes.fast_rcnn``; any source with boxes and any size of image; images without a box are
left out; rows for calling every whole image an object of every class, for random weights and for ``magic-init`` stand
beside the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.backbones import dense
from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, scores_over
from lessup.methods import ImageEncoder, Method
from lessup.metrics.detection import Detections, Objects, detection_precisions, overlap
from lessup.probes.fast_rcnn import FastRCNN, FastRCNNConfig
from lessup.probes.fine_tuned_rows import fine_tuned_rows, training_seeds
from lessup.runs import Training
from lessup.samples.images import Images
from lessup.samples.proposals import Kind, Proposed, proposed
from lessup.samples.splits import Split
from lessup.training.modes import batch_on
from lessup.training.unrecorded import fit_unrecorded

BATCH = 8
"""Images looked at at once."""

Found = list[Detections]
"""Detections of every class."""


class Detection(Protocol):
    """Mean average precision over classes in percent.

    ``map_11_point`` is that of PASCAL VOC 2007, ``map_11_point/CLASS`` that of each class; ``map_all_point`` that of
    later years; ``map_coco`` COCO's, the mean over ten overlaps. None of them is the ``map`` of other protocols, which
    is without interpolation.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """How the network is fine-tuned.

        Attributes:
            steps: updates.
            batch_size: images per update.
            learning_rate: peak of the cosine.
            side: pixels on each side of the images it works on; 0 takes twice that of the backbone.
            proposals: how regions are found.
            most_proposals: regions kept of an image.
            repeats: trainings of each row, with the seeds ``seed``, ``seed`` + 1 ...; more give a spread.
            seed: of the random weights and of training.
            references: also measure whole images and untrained networks.
        """

        steps: int = 1_000
        batch_size: int = 4
        learning_rate: float = 3e-4
        side: int = 0
        proposals: Kind = "selective-search"
        most_proposals: int = 300
        repeats: int = 1
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = "Girshick, Fast R-CNN, 2015, https://arxiv.org/abs/1504.08083"
    reads: ClassVar[tuple[str, ...]] = ("image", "extent", "boxes")
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Fine-tune from untrained and from trained weights, and detect in the test part.

        Raises:
            DataError: a part has no boxes.
            MissingExtraError: selective search needs OpenCV.
            UsageError: the network has no map that is fine enough, or no training is asked for.
        """
        assert isinstance(method, ImageEncoder)
        config = self.config
        seeds = training_seeds(config.seed, config.repeats)
        dense.last_map(method.backbone)
        train, test = (self._proposed(part) for part in (split.train, split.test))
        notes = _notes(split, train, test, config.proposals)
        rows = {"whole_image": [_metrics(_whole_images(test), test)]} if config.references else {}

        def measured(row: str, start: ImageEncoder, seed: int) -> dict[str, float]:  # noqa: ARG001
            return _metrics(self._fine_tuned(start, train, test, seed), test)

        found = fine_tuned_rows(method, train, measured, seeds=seeds, with_references=config.references)
        rows |= found.metrics
        return Result({row: scores_over(values) for row, values in rows.items()}, notes=(*notes, *found.notes))

    def _proposed(self, part: object) -> Proposed:
        assert isinstance(part, Images)
        kept = np.flatnonzero([len(each.label) > 0 for each in part.boxes or ()])
        if not len(kept):
            raise DataError("detection needs images with boxes to train on and to test: use --folds 2 or more")
        return proposed(part.take(kept), kind=self.config.proposals, most=self.config.most_proposals)

    def _fine_tuned(self, start: ImageEncoder, train: Proposed, test: Proposed, seed: int) -> Found:
        config = FastRCNNConfig(
            num_classes=len(test.classes), side=self.config.side, learning_rate=self.config.learning_rate
        )
        settings = Training(steps=self.config.steps, batch_size=self.config.batch_size, seed=seed, clip_norm=10.0)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = FastRCNN(start, config).to(start.device)
        fit_unrecorded(network, train, settings)
        return _detections(network, test)


def _detections(network: FastRCNN, test: Proposed) -> Found:
    images, corners, labels, scores = [], [], [], []
    with torch.inference_mode():
        for start in range(0, len(test), BATCH):
            some = np.arange(start, min(start + BATCH, len(test)))
            for index, each in zip(some, network.detect(batch_on(network.device, test, some)), strict=True):
                images.append(np.full(len(each["labels"]), index))
                corners.append(each["boxes"].cpu().numpy())
                labels.append(each["labels"].cpu().numpy())
                scores.append(each["scores"].cpu().numpy())
    image, corner, label, score = (np.concatenate(parts) for parts in (images, corners, labels, scores))
    return [
        Detections(image[label == number], corner[label == number], score[label == number])
        for number in range(len(test.classes))
    ]


def _whole_images(test: Images) -> Found:
    """Call every whole image an object of every class."""
    height, width = test.pixels.extent.astype(np.float64).T
    corners = np.stack([0 * width, 0 * width, width, height], axis=1)
    one = Detections(np.arange(len(test)), corners, np.ones(len(test)))
    return [one for _ in test.classes]


def _objects(test: Images, number: int) -> Objects:
    boxes = test.boxes or ()
    chosen = [np.flatnonzero(each.label == number) for each in boxes]
    return Objects(
        image=np.repeat(np.arange(len(boxes)), [len(each) for each in chosen]),
        corners=_joined([each.corners[own] for each, own in zip(boxes, chosen, strict=True)]).reshape(-1, 4),
        difficult=_joined([each.difficult[own] for each, own in zip(boxes, chosen, strict=True)]).astype(bool),
    )


def _joined(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.float64]:
    return np.concatenate(parts).astype(np.float64)


def _metrics(found: Found, test: Images) -> dict[str, float]:
    """Return the means over the classes that are to be found, and each class's own value."""
    names = {"map_11_point": "eleven_point", "map_all_point": "all_point", "map_coco": "coco"}
    each = [detection_precisions(one, _objects(test, number)) for number, one in enumerate(found)]
    values = {key: np.array([one[name] for one in each]) for key, name in names.items()}
    means = {key: 100 * float(np.nanmean(value)) for key, value in values.items()}
    own = zip(test.classes, values["map_11_point"], strict=True)
    return means | {f"map_11_point/{name}": 100 * float(value) for name, value in own if not np.isnan(value)}


def _notes(split: Split, train: Proposed, test: Proposed, kind: Kind) -> tuple[str, ...]:
    """Say what bounds every row, and how many images are left out."""
    covered = f"{_recall(test):.1f} % of the objects to be found are covered by half by a {kind} region"
    learnt, tested = len(split.train) - len(train), len(split.test) - len(test)
    bare = f"{learnt} training and {tested} test images without a box are left out"
    return (covered, *((bare,) if learnt or tested else ()))


def _recall(test: Proposed) -> float:
    """Return the share in percent of objects that some region overlaps by half."""
    covered = [
        overlap(each.corners[~each.difficult], regions).max(axis=1, initial=0) >= 0.5
        for each, regions in zip(test.boxes or (), test.regions, strict=True)
    ]
    return 100 * float(np.concatenate(covered).mean())
