"""Patches of other images that a method finds most like a patch, as pictures and in two numbers.

Source: Doersch, Gupta, Efros, *Unsupervised Visual Representation Learning by Context Prediction*, 2015, section 4.1:
the nearest neighbours of random patches by fc6, beside those of an untrained network.

Differs from the paper: one patch an image, so that all neighbours come from other images; rows for chance and pixels;
the share of neighbours of the query's class, and how far apart the two patches lie in their images. Neighbours that lie
nearer to one another than chance tell of features that have learned the place, as from the fringes of a lens.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import encode_all, untrained
from lessup.methods import ImageEncoder, Method
from lessup.probes.nearest import Neighbours, nearest
from lessup.samples.images import Images, Ragged
from lessup.samples.spacing import evenly_spaced
from lessup.samples.splits import Split
from lessup.transforms.crops import resize_whole

SHOWN = 44
"""Pixels a side of the pictures that are kept for the report."""

PIXELS = 16
"""Patches are reduced to this side where their pixels are compared."""


@dataclass(frozen=True, eq=False)
class Patches:
    """One patch of each image.

    Attributes:
        images: the N patches, with the names and labels of their images.
        place: (N, 2) float32 middle of each, as a share of the width and height of its image.
    """

    images: Images
    place: NDArray[np.float32]


class PatchNeighbors(Protocol):
    """How alike in class, and how near in place, a patch's neighbours are; the best of these depends on the data.

    Figures: for Q queries and M neighbours, ``query_patch`` (Q, S, S, C) uint8, ``query_id`` (Q,), ``query_label`` (Q,)
    and for ROW of ``model`` and ``random`` ``ROW_patch`` (Q, M, S, S, C), ``ROW_id``, ``ROW_label`` and ``ROW_cosine``
    (Q, M).
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            layer: name of the layer whose features are compared; ``fc6`` where there is one, else the default.
            share: side of a patch, as a share of the shorter side of its image.
            images: at most so many images, evenly spaced; each gives one patch.
            queries: patches of which the report shows the neighbours.
            neighbors: how many of them, and how many are counted.
            seed: of the places, the queries and the random weights.
        """

        layer: str | None = None
        share: float = 0.25
        images: int = 5_000
        queries: int = 12
        neighbors: int = 4
        seed: int = 0

    paper: ClassVar[str] = (
        "Doersch, Gupta, Efros, Unsupervised Visual Representation Learning by Context Prediction, 2015, "
        "https://arxiv.org/abs/1505.05192"
    )
    reads: ClassVar[tuple[str, ...]] = ("image",)
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Compare one patch of every test image with those of all others.

        Raises:
            DataError: there are too few images.
            UsageError: there is no such layer.
        """
        assert isinstance(split.test, Images)
        if len(split.test) <= self.config.neighbors:
            raise DataError(
                f"{len(split.test)} held-out images; {self.config.neighbors} neighbours need more: pass --data, or "
                "train with --folds 2 or more"
            )
        asked = split.test.take(evenly_spaced(len(split.test), self.config.images))
        patches = cut(asked, self.config.share, self.config.seed)
        layer = self.config.layer or ("fc6" if "fc6" in method.layers else None)
        features = {
            "pixels": _pixels(patches.images),
            "random": encode_all(untrained(method, self.config.seed), patches.images, layer=layer),
            "model": encode_all(method, patches.images, layer=layer),
        }
        found = {row: _found(values, self.config.neighbors) for row, values in features.items()}
        rows = {"chance": _chance(patches)}
        rows |= {row: _scores(neighbours, patches) for row, neighbours in found.items()}
        return Result(rows, self._figures(found, patches.images), (f"layer {method.chosen(layer)}",))

    def _figures(self, found: dict[str, Neighbours], patches: Images) -> dict[str, NDArray[np.generic]]:
        generator = np.random.default_rng(self.config.seed)
        query = generator.permutation(len(patches))[: self.config.queries]
        shown = shown_pixels(patches)
        figures: dict[str, NDArray[np.generic]] = {
            "query_patch": shown[query],
            "query_id": patches.id[query],
            "query_label": patches.label[query],
        }
        for row in ("model", "random"):
            neighbour = found[row].index[query].numpy()
            figures |= {
                f"{row}_patch": shown[neighbour],
                f"{row}_id": patches.id[neighbour],
                f"{row}_label": patches.label[neighbour],
                f"{row}_cosine": 1 - found[row].distance[query].numpy(),
            }
        return figures


def cut(images: Images, share: float, seed: int) -> Patches:
    """Cut one square out of each image, anywhere.

    Args:
        images: N images.
        share: side of the square, as a share of the shorter side; at least a pixel.
        seed: of the places.
    """
    along = np.random.default_rng(seed).random((len(images), 2))  # of the room above, and to the left
    extent = images.pixels.extent
    side = np.clip(np.round(share * extent.min(1)), 1, extent.min(1)).astype(np.int64)[:, None]
    corner = (along * (extent - side + 1)).astype(np.int64)
    squares = [
        images.pixels[index][top : top + size, left : left + size]
        for index, ((top, left), (size,)) in enumerate(zip(corner, side, strict=True))
    ]
    place = ((corner + side / 2) / extent)[:, ::-1].astype(np.float32)
    patches = replace(images, pixels=Ragged.of(squares), tags=None, boxes=None, masks=None, original=None)
    return Patches(patches, place)


def shown_pixels(patches: Images) -> NDArray[np.uint8]:
    """Return (N, ``SHOWN``, ``SHOWN``, C) pixels of squares, for the report."""
    rows = []
    for start in range(0, len(patches), 256):
        batch = patches.batch(np.arange(start, min(start + 256, len(patches))))
        resized = resize_whole(batch["image"], batch["extent"], (SHOWN, SHOWN))
        rows.append((255 * resized).round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(rows)


def _pixels(patches: Images) -> NDArray[np.float32]:
    """Return (N, D) pixels of the reduced patches, less their mean."""
    batch = patches.batch(np.arange(len(patches)))
    values = resize_whole(batch["image"], batch["extent"], (PIXELS, PIXELS)).flatten(1)
    return (values - values.mean(1, keepdim=True)).numpy()


def _found(features: NDArray[np.float32], count: int) -> Neighbours:
    rows = torch.from_numpy(features)
    return nearest(rows, rows, count, leave_out=torch.arange(len(rows)))


def _scores(found: Neighbours, patches: Patches) -> dict[str, Score]:
    index, label = found.index.numpy(), patches.images.label
    apart = np.linalg.norm(patches.place[index] - patches.place[:, None], axis=2)
    scores = {"apart": Score(100 * float(apart.mean()))}
    labelled = label >= 0
    if labelled.any():
        same = label[index[labelled]] == label[labelled, None]
        scores["same_class"] = Score(100 * float(same.mean()))
    return scores


def _chance(patches: Patches) -> dict[str, Score]:
    """Return what neighbours picked at random give."""
    count = len(patches.place)
    other = np.random.default_rng(0).integers(1, count, (count, 20))
    index = (np.arange(count)[:, None] + other) % count
    scores = _scores(Neighbours(torch.from_numpy(index), torch.zeros(index.shape)), patches)
    label = patches.images.label
    if "same_class" in scores:
        of_class = np.bincount(label[label >= 0])
        scores["same_class"] = Score(100 * float((of_class * (of_class - 1)).sum() / (of_class.sum() * (count - 1))))
    return scores
