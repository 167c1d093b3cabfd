"""How well a trained segmenter segments held-out images, with a dense CRF and without.

Source: the measure of Everingham et al., *The PASCAL Visual Object Classes (VOC) Challenge*, 2010, section 4.4, which
Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017, take: intersection over union
of each class over the pixels of all images, and its mean over the classes that occur, the background among them.

Differs from the papers: rows that do not look at the image.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.masks.dense_crf import FINAL
from lessup.masks.overlays import photograph
from lessup.masks.segmenter import both_label_maps
from lessup.methods import Method, Segmenter
from lessup.metrics.confusion import confusion
from lessup.metrics.mean_iou import segmentation_scores
from lessup.samples.images import Images, Ragged
from lessup.samples.label_draws import targets
from lessup.samples.spacing import evenly_spaced
from lessup.samples.splits import Split

Labels = NDArray[np.uint8]


class Masks(Protocol):
    """Mean intersection over union and share of right pixels in percent; ``iou/CLASS`` for each class.

    Figures: ``classes`` (K + 1,); ``example_image`` (E, H, W, 3) uint8, ``example_truth`` and ``example_ROW`` (E, H, W)
    int16 with -1 for what is not counted.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            crf: whether a row with the dense CRF stands beside that of the network alone.
            pictures: images kept for the report, evenly spaced.
        """

        crf: bool = True
        pictures: int = 8

    paper: ClassVar[str] = (
        "Everingham, Van Gool, Williams, Winn, Zisserman, The PASCAL Visual Object Classes (VOC) Challenge, 2010, "
        "https://doi.org/10.1007/s11263-009-0275-4"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "extent", "mask")
    needs: ClassVar[type[Method]] = Segmenter  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True  # so that of data with a test part this part alone is measured
    config: Config

    @property
    def deals(self) -> bool:
        """Whether all of new data can be the test part: nothing is learnt from the rest."""
        return True

    def measure(self, method: Method, split: Split) -> Result:
        """Segment the test part.

        Raises:
            DataError: no image of it has a mask.
        """
        assert isinstance(method, Segmenter)
        assert isinstance(split.test, Images)
        test = split.test.take(np.flatnonzero(split.test.masked()))
        if not len(test):
            raise DataError(f"none of the {len(split.test)} test images has a mask: pass --data with some")
        names = ("background", *test.classes)
        tables: dict[str, NDArray[np.int64]] = {}
        examples: dict[str, list[Labels]] = {}
        pictured = set(evenly_spaced(len(test), self.config.pictures).tolist())
        for index, by_row in enumerate(self._answers(method, test)):
            truth = _counted(test, index)
            for row, labels in by_row.items():
                table = confusion(truth[truth >= 0], labels[truth >= 0].astype(np.int64), len(names))
                tables[row] = tables.get(row, 0) + table
                if index in pictured:
                    examples.setdefault(row, []).append(labels)
        rows = {
            row: {key: Score(value) for key, value in segmentation_scores(table, names).items()}
            for row, table in tables.items()
        }
        left_out = len(split.test) - len(test)
        notes = (f"{left_out} of {len(split.test)} images without a mask are left out",) if left_out else ()
        return Result(rows, _figures(test.take(np.array(sorted(pictured), np.int64)), examples, names), notes)

    def _answers(self, method: Segmenter, test: Images) -> Iterator[dict[str, Labels]]:
        """Yield the label maps of one image after the other by row."""
        has = targets(test) == 1
        often = np.argsort(-has.sum(0), kind="stable")  # classes, the most frequent first
        found = both_label_maps(method, test, np.arange(len(test)), FINAL if self.config.crf else None)
        for index, (alone, with_crf) in enumerate(found):
            rows = {"background": np.zeros_like(alone)}
            if has.any():
                own = often[has[index, often]]
                rows["tag_prior"] = np.full_like(alone, 1 + own[0] if len(own) else 0)
            yield rows | {"model": alone} | ({"model_crf": with_crf} if self.config.crf else {})


def _counted(images: Images, index: int) -> NDArray[np.int64]:
    """Return (H, W) the true classes, 0 for the background, -1 for what is not counted."""
    assert images.masks is not None
    mask = images.masks[index][..., 0].astype(np.int64)
    return np.where(mask == 255, -1, mask)


def _figures(
    images: Images, examples: Mapping[str, list[Labels]], names: tuple[str, ...]
) -> dict[str, NDArray[np.generic]]:
    if not len(images):
        return {}
    every = np.arange(len(images))
    drawn = {row: Ragged.of([labels[..., None] for labels in of_row]) for row, of_row in examples.items()}
    photographs = Ragged.of([photograph(images.pixels[index]) for index in every.tolist()])
    figures: dict[str, NDArray[np.generic]] = {
        "classes": np.array(names),
        "example_image": photographs.padded(every).permute(0, 2, 3, 1).numpy(),
        "example_truth": images.batch(every)["mask"].numpy().astype(np.int16),
    }
    return figures | {
        f"example_{row}": maps.padded(every)[:, 0].numpy().astype(np.int16) for row, maps in drawn.items()
    }
