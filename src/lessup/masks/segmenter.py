"""A trained segmenter on images: a label map for each, and a dense CRF that moves its borders to those of the colours.

Liang-Chieh Chen, George Papandreou, Iasonas Kokkinos, Kevin Murphy, Alan L. Yuille, *Semantic Image Segmentation with
Deep Convolutional Nets and Fully Connected CRFs*, 2015, <https://arxiv.org/abs/1412.7062>, section 3.2: the energy of a
class is minus the logarithm of its probability.

Label maps hold 0 for the background and 1 + class, as the masks of ``Images`` do, so that a second segmenter can be
trained on those of the first.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lessup.errors import UsageError
from lessup.masks.dense_crf import DenseCRFConfig, dense_crf, for_size
from lessup.methods import Segmenter
from lessup.samples.images import Images
from lessup.training.modes import batch_on
from lessup.transforms.on_cpu import loops_suit

BATCH = 8
"""Images segmented at once."""

LEAST = 1e-8
"""Probability below which a class is as unlikely as any."""

MOST_CLASSES = 254
"""A label map has a byte for each pixel, and 255 stands for what is not counted."""


@dataclass(frozen=True, kw_only=True)
class LabelMapConfig:
    """How probabilities become labels.

    Attributes:
        crf: the dense CRF behind the network as it is for photographs of 500 pixels, see ``with_crf``; None for none.
        tagged: whether classes that an image is known not to have are left out, by its tags.
    """

    crf: DenseCRFConfig | None = None
    tagged: bool = False


NETWORK_ALONE = LabelMapConfig()


def label_maps(
    segmenter: Segmenter, images: Images, some: NDArray[np.int64], config: LabelMapConfig = NETWORK_ALONE
) -> Iterator[NDArray[np.uint8]]:
    """Yield the label maps of some images at their own sizes, in order.

    Args:
        segmenter: in ``eval`` mode; its classes are those of the images, by number.
        images: N images.
        some: numbers of those to segment.
        config: the CRF, and whether tags are looked at.

    Yields:
        (H, W) uint8: 0 background, 1 + class.

    Raises:
        UsageError: the network has too many classes for a byte, or tags are to be looked at and the images have none.
    """
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for each in _looked_at(segmenter, images, some, tagged=config.tagged):
            yield from _labels(each, config.crf, pool)


def both_label_maps(
    segmenter: Segmenter, images: Images, some: NDArray[np.int64], crf: DenseCRFConfig | None
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield what ``label_maps`` yields without and with a dense CRF; the network looks at an image once.

    Args:
        segmenter: in ``eval`` mode; its classes are those of the images, by number.
        images: N images.
        some: numbers of those to segment.
        crf: the dense CRF; None gives the network's own twice.

    Raises:
        UsageError: the network has too many classes for a byte.
    """
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for each in _looked_at(segmenter, images, some, tagged=False):
            alone = [*_labels(each, None, pool)]
            yield from zip(alone, _labels(each, crf, pool) if crf else alone, strict=True)


def with_crf(probabilities: Tensor, colours: Tensor, config: DenseCRFConfig) -> Tensor:
    """Return (B, 1 + K, H, W) probabilities that agree better with the colours of the images.

    Args:
        probabilities: (B, 1 + K, H, W) in [0, 1].
        colours: (B, C, H, W) in [0, 255].
        config: the dense CRF as it is for photographs of 500 pixels; its widths follow the size of these.
    """
    own = for_size(config, (colours.shape[2], colours.shape[3]))
    return dense_crf(-probabilities.clamp(min=LEAST).log(), colours, own)


def _looked_at(
    segmenter: Segmenter, images: Images, some: NDArray[np.int64], *, tagged: bool
) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Yield the (1 + K, H, W) probabilities and the (C, H, W) colours in [0, 255] of some images, a batch at a time."""
    if tagged and images.tags is None:
        raise UsageError("the images have no tags to look at: leave `tagged` off")
    if len(images.classes) > MOST_CLASSES:
        raise UsageError(f"{len(images.classes)} classes: wanted {MOST_CLASSES} at most, which a byte can number")
    for start in range(0, len(some), BATCH):
        part = some[start : start + BATCH]
        batch = batch_on(segmenter.device, images, part)
        with torch.no_grad():
            found = segmenter.probabilities(batch).float()
        if tagged and images.tags is not None:
            found[:, 1:] *= torch.from_numpy(images.tags[part] != 0).to(found)[:, :, None, None]
        colours = (255 * batch["image"]).round()
        inside = [(slice(None), slice(height), slice(width)) for height, width in batch["extent"].tolist()]
        yield [(found[row][own], colours[row][own]) for row, own in enumerate(inside)]


def _labels(
    each: Sequence[tuple[Tensor, Tensor]], crf: DenseCRFConfig | None, pool: ThreadPoolExecutor
) -> Iterator[NDArray[np.uint8]]:
    """Return the label maps of images with these probabilities and colours.

    A CRF in compiled loops takes an image a thread; in tensors, as on a GPU, images of one size go through it together.
    """
    if crf is None:
        return (_likeliest(probabilities) for probabilities, _ in each)

    def together(rows: list[int]) -> list[NDArray[np.uint8]]:
        probabilities, colours = (torch.stack(part) for part in zip(*(each[row] for row in rows), strict=True))
        return [_likeliest(one) for one in with_crf(probabilities, colours, crf)]

    rows = range(len(each))
    if loops_suit(each[0][0]):
        return (maps[0] for maps in pool.map(together, [[row] for row in rows]))
    sizes = [probabilities.shape for probabilities, _ in each]
    groups = [[row for row in rows if sizes[row] == size] for size in dict.fromkeys(sizes)]
    found = {row: labels for group in groups for row, labels in zip(group, together(group), strict=True)}
    return (found[row] for row in rows)


def _likeliest(probabilities: Tensor) -> NDArray[np.uint8]:
    labels: NDArray[np.uint8] = probabilities.argmax(0).byte().cpu().numpy()
    return labels
