"""How well a network learns to segment when it starts from a method's weights.

Source: the FCN column of Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, table 3, after Long,
Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation*, 2015.

Differs from the papers: see ``probes.fcn``; any source with masks and any size of image; rows for calling every pixel
background, for random weights and for ``magic-init`` stand beside the model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.backbones import dense
from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, scores_over
from lessup.methods import ImageEncoder, Method
from lessup.metrics.confusion import confusion
from lessup.metrics.mean_iou import segmentation_scores
from lessup.probes.fcn import FCN, FCNConfig
from lessup.probes.fine_tuned_rows import fine_tuned_rows, training_seeds
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.samples.spacing import evenly_spaced
from lessup.samples.splits import Split
from lessup.training.modes import batch_on
from lessup.training.unrecorded import fit_unrecorded

BATCH = 32
"""Images segmented at once."""

PICTURES = 8
"""Images of which the masks are kept for the report."""

Segment = Callable[[Batch], NDArray[np.int64]]
"""Gives (B, H, W) classes of every pixel, 0 for the background."""


class Segmentation(Protocol):
    """Mean intersection over union and share of right pixels in percent; ``iou/CLASS`` for each class.

    Figures: ``classes`` (K + 1,); ``example_image`` (E, H, W, 3) uint8, ``example_truth`` and ``example_ROW`` (E, H, W)
    int16 with -1 for what is not counted; of several trainings, the first.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """How the network is fine-tuned.

        Attributes:
            steps: updates.
            batch_size: images per update.
            learning_rate: peak of the cosine.
            side: pixels on each side of the images it works on; 0 takes twice that of the backbone.
            repeats: trainings of each row, with the seeds ``seed``, ``seed`` + 1 ...; more give a spread.
            seed: of the random weights and of training.
            references: also measure all background and untrained networks.
        """

        steps: int = 1_000
        batch_size: int = 16
        learning_rate: float = 1e-3
        side: int = 0
        repeats: int = 1
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = (
        "Long, Shelhamer, Darrell, Fully Convolutional Networks for Semantic Segmentation, 2015, "
        "https://arxiv.org/abs/1411.4038"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "extent", "mask")
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Fine-tune from untrained and from trained weights, and segment the test part.

        Raises:
            DataError: the training or the test part has no masks.
            UsageError: the network has no map that is fine enough, or no training is asked for.
        """
        assert isinstance(method, ImageEncoder)
        config = self.config
        seeds = training_seeds(config.seed, config.repeats)
        dense.last_map(method.backbone)
        parts, notes = _with_masks(split)
        names = ("background", *parts.test.classes)
        first: dict[str, Segment] = {"background": _background} if config.references else {}
        rows = {row: [_metrics(segment, parts.test, names)] for row, segment in first.items()}

        def measured(row: str, start: ImageEncoder, seed: int) -> dict[str, float]:
            segment = self._fine_tuned(start, parts, seed)
            first.setdefault(row, segment)
            return _metrics(segment, parts.test, names)

        found = fine_tuned_rows(method, parts.train, measured, seeds=seeds, with_references=config.references)
        scores = {row: scores_over(values) for row, values in (rows | found.metrics).items()}
        return Result(scores, _figures(first, parts.test, names), (*notes, *found.notes))

    def _fine_tuned(self, start: ImageEncoder, parts: Split, seed: int) -> Segment:
        config = FCNConfig(
            num_classes=len(parts.test.classes), side=self.config.side, learning_rate=self.config.learning_rate
        )
        settings = Training(steps=self.config.steps, batch_size=self.config.batch_size, seed=seed)
        network = FCN(start, config).to(start.device)
        fit_unrecorded(network, parts.train, settings)

        def segment(batch: Batch) -> NDArray[np.int64]:
            on_device = {key: value.to(network.device) for key, value in batch.items()}
            with torch.inference_mode():
                return network.segment(on_device).cpu().numpy()

        return segment


def _with_masks(split: Split) -> tuple[Split, tuple[str, ...]]:
    """Leave out the images of which no pixel is counted."""
    parts, left_out = {}, 0
    for name in ("train", "validation", "test"):
        part = getattr(split, name)
        assert isinstance(part, Images)
        kept = np.flatnonzero(part.masked())
        left_out += len(part) - len(kept)
        parts[name] = part.take(kept)
    if not len(parts["train"]) or not len(parts["test"]):
        raise DataError("segmentation needs images with masks to train on and to test: use --folds 2 or more")
    return Split(*parts.values()), ((f"{left_out} images without a mask are left out",) if left_out else ())


def _background(batch: Batch) -> NDArray[np.int64]:
    return np.zeros(batch["mask"].shape, np.int64)


def _metrics(segment: Segment, test: Samples, names: tuple[str, ...]) -> dict[str, float]:
    """Return the scores over the pixels that are counted."""
    table = np.zeros((len(names), len(names)), np.int64)
    for start in range(0, len(test), BATCH):
        batch = batch_on(torch.device("cpu"), test, np.arange(start, min(start + BATCH, len(test))))
        truth, found = batch["mask"].numpy(), segment(batch)
        counted = truth >= 0
        table += confusion(truth[counted], found[counted], len(names))
    return segmentation_scores(table, names)


def _figures(segments: Mapping[str, Segment], test: Samples, names: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    batch = batch_on(torch.device("cpu"), test, evenly_spaced(len(test), PICTURES))
    image = (255 * batch["image"][:, :3]).round().byte().permute(0, 2, 3, 1).numpy()
    figures: dict[str, NDArray[np.generic]] = {"classes": np.array(names), "example_image": image}
    figures["example_truth"] = batch["mask"].numpy().astype(np.int16)
    return figures | {f"example_{row}": segment(batch).astype(np.int16) for row, segment in segments.items()}
