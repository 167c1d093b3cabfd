"""How well a network learns to segment when it starts from a method's weights.

Source: the FCN column of Donahue, Krahenbuhl, Darrell, *Adversarial Feature Learning*, 2017, table 3, after Long,
Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation*, 2015.

Differs from the papers: see ``probes.fcn``; any source with masks and any size of image; a row that calls every pixel
background, and the same network trained from random weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import untrained
from lessup.methods import ImageEncoder, Method
from lessup.metrics.confusion import confusion
from lessup.metrics.mean_iou import segmentation_scores
from lessup.probes.fcn import FCN, FCNConfig
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
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
    int16 with -1 for what is not counted.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """How the network is fine-tuned.

        Attributes:
            steps: updates.
            batch_size: images per update.
            learning_rate: peak of the cosine.
            side: pixels on each side of the images it works on; 0 takes twice that of the backbone.
            seed: of the random weights and of training.
        """

        steps: int = 1_000
        batch_size: int = 16
        learning_rate: float = 1e-3
        side: int = 0
        seed: int = 0

    paper: ClassVar[str] = (
        "Long, Shelhamer, Darrell, Fully Convolutional Networks for Semantic Segmentation, 2015, "
        "https://arxiv.org/abs/1411.4038"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "extent", "mask")
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Fine-tune from random and from trained weights, and segment the test part.

        Raises:
            DataError: the training or the test part has no masks.
            UsageError: the network has no map that is fine enough.
        """
        assert isinstance(method, ImageEncoder)
        parts, notes = _with_masks(split)
        segments: dict[str, Segment] = {"background": _background}
        for row, start in {"random": untrained(method, self.config.seed), "model": method}.items():
            assert isinstance(start, ImageEncoder)
            segments[row] = self._fine_tuned(start, parts)
        names = ("background", *parts.test.classes)
        tables = {row: _table(segment, parts.test, len(names)) for row, segment in segments.items()}
        rows = {
            row: {key: Score(value) for key, value in segmentation_scores(table, names).items()}
            for row, table in tables.items()
        }
        return Result(rows, _figures(segments, parts.test, names), notes)

    def _fine_tuned(self, start: ImageEncoder, parts: Split) -> Segment:
        config = FCNConfig(
            num_classes=len(parts.test.classes), side=self.config.side, learning_rate=self.config.learning_rate
        )
        settings = Training(steps=self.config.steps, batch_size=self.config.batch_size, seed=self.config.seed)
        network = FCN(start, config)
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


def _table(segment: Segment, test: Samples, num_classes: int) -> NDArray[np.int64]:
    """Return (K + 1, K + 1) counts of the pixels that are counted."""
    table = np.zeros((num_classes, num_classes), np.int64)
    for start in range(0, len(test), BATCH):
        batch = batch_on(torch.device("cpu"), test, np.arange(start, min(start + BATCH, len(test))))
        truth, found = batch["mask"].numpy(), segment(batch)
        counted = truth >= 0
        table += confusion(truth[counted], found[counted], num_classes)
    return table


def _figures(segments: Mapping[str, Segment], test: Samples, names: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    chosen = np.linspace(0, len(test) - 1, min(PICTURES, len(test))).round().astype(np.int64)
    batch = batch_on(torch.device("cpu"), test, chosen)
    image = (255 * batch["image"][:, :3]).round().byte().permute(0, 2, 3, 1).numpy()
    figures: dict[str, NDArray[np.generic]] = {"classes": np.array(names), "example_image": image}
    figures["example_truth"] = batch["mask"].numpy().astype(np.int16)
    return figures | {f"example_{row}": segment(batch).astype(np.int16) for row, segment in segments.items()}
