"""Samples that are there twice: equal ones, ones that look the same, and ones that a test part shares with training."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.doctor.diagnosis import Pair
from lessup.samples import Samples
from lessup.samples.clips import Clips
from lessup.samples.images import Images
from lessup.samples.sounds import Sounds
from lessup.samples.texts import Texts
from lessup.samples.voxels import Voxels, first_equal
from lessup.transforms.crops import resize_whole

SIDE = 16
"""Pixels on each side of the thumbnails that are compared."""

ALIKE = 0.98
"""Correlation of two thumbnails from which their images look the same."""

FLAT = 4.0
"""Standard deviation, of 255, below which a thumbnail says nothing."""

_BATCH = 256


def leaks(samples: Samples) -> Iterable[Pair]:
    """Yield the test samples that the training part gives away."""
    train, test = (np.flatnonzero(samples.official == part) for part in ("train", "test"))
    known = {int(group): i for i, group in zip(train[::-1], samples.group[train[::-1]], strict=True)}
    equal = _first_equal_among(samples, np.concatenate([train, test]))
    for i in test:
        source = equal.get(int(i), known.get(int(samples.group[i])))
        if source is not None and samples.official[source] == "train":
            yield Pair(str(samples.id[i]), str(samples.id[source]))


def duplicates(samples: Samples, leaked: set[str]) -> Iterable[Pair]:
    """Yield samples that equal one of another object, but for those that were ``leaked``."""
    for i, source in _first_equal_among(samples, np.arange(len(samples))).items():
        if samples.group[i] != samples.group[source] and str(samples.id[i]) not in leaked:
            yield Pair(str(samples.id[i]), str(samples.id[source]))


def near_duplicates(images: Images, is_test: NDArray[np.bool_]) -> tuple[list[Pair], list[Pair]]:
    """Return images that look the same as an earlier one: scaled, compressed anew, brighter or darker.

    Test images count as later than all others, so that each that looks like a training image is found as such.
    Thumbnails of 16 x 16 grey pixels are compared by correlation, but only where the signs of their horizontal
    gradients agree in one of four quarters, so that 100,000 images take seconds. Equal images are not among them.

    Args:
        images: N images.
        is_test: (N,) whether each is of the test part.

    Returns:
        The pairs within one part, and those of a test image and one that is not.
    """
    small = thumbnails(images)
    spread = small.std(axis=1)
    order = np.argsort(is_test, kind="stable")
    rows = order[spread[order] >= FLAT]
    unit = small[rows] - small[rows].mean(axis=1, keepdims=True)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    first = images.first_equal()
    within: list[Pair] = []
    across: list[Pair] = []
    for late, early in sorted(_candidates(unit, _gradients(small[rows]))):
        i, source = int(rows[late]), int(rows[early])
        if first[i] != first[source]:
            pairs = across if is_test[i] and not is_test[source] else within
            pairs.append(Pair(str(images.id[i]), str(images.id[source])))
    return within, across


def thumbnails(images: Images) -> NDArray[np.float32]:
    """Return (N, 256) grey values from 0 to 255 of whole images reduced to 16 x 16."""
    parts = []
    for start in range(0, len(images), _BATCH):
        batch = images.batch(np.arange(start, min(start + _BATCH, len(images))))
        grey = resize_whole(batch["image"].mean(1, keepdim=True), batch["extent"], (SIDE, SIDE))
        parts.append(255 * grey.flatten(1))
    return torch.cat(parts).numpy()


def _gradients(small: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return (N, 4) codes: the signs of the horizontal gradients of 4 x 5 cells of each quarter of the rows."""
    cells = small.reshape(-1, 8, 2, 8, 2).mean(axis=(2, 4))  # (N, 8, 8)
    signs = np.concatenate([cells[:, :, 1:] > cells[:, :, :-1], np.zeros((len(cells), 8, 1), bool)], axis=2)
    return np.packbits(signs.reshape(len(cells), 4, 16), axis=2).view(np.uint16)[:, :, 0]


def _candidates(unit: NDArray[np.float32], codes: NDArray[np.uint16]) -> set[tuple[int, int]]:
    """Return the pairs (later, first alike) among rows that share a code and correlate."""
    alike: dict[int, int] = {}
    for quarter in range(codes.shape[1]):
        order = np.argsort(codes[:, quarter], kind="stable")
        bounds = np.flatnonzero(np.diff(codes[order, quarter])) + 1
        for rows in np.split(order, bounds):
            for late, early in _correlated(unit, rows):
                alike[late] = min(alike.get(late, early), early)
    return set(alike.items())


def _correlated(unit: NDArray[np.float32], rows: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Yield (later, earlier) pairs of ``rows`` whose thumbnails correlate, a block of rows at a time."""
    for start in range(0, len(rows), 1024):
        block = rows[start : start + 1024]
        late, early = np.nonzero(np.tril(unit[block] @ unit[rows[: start + len(block)]].T >= ALIKE, k=start - 1))
        yield from zip(block[late].tolist(), rows[early].tolist(), strict=True)


def _first_equal_among(samples: Samples, order: NDArray[np.int64]) -> dict[int, int]:
    """Return the first equal sample in ``order`` of every sample that is not the first of its kind."""
    if isinstance(samples, Voxels):
        first = order[first_equal(samples.bits[order])]
    elif isinstance(samples, Images | Sounds | Clips | Texts):
        first = order[samples.take(order).first_equal()]
    else:
        return {}
    return {int(i): int(source) for i, source in zip(order, first, strict=True) if i != source}
