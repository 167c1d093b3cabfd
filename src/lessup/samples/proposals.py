"""Regions of images that may hold an object, found without learning and kept for later runs."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError, LessupError, MissingExtraError
from lessup.formats import npz
from lessup.runs.files import write_whole
from lessup.samples import Batch
from lessup.samples.assembly import fingerprint
from lessup.samples.cache import user_folder
from lessup.samples.image_decoding import Progress, in_threads
from lessup.samples.images import Images

Kind = Literal["selective-search", "windows"]
"""How regions are found: by joining alike parts (extra ``vision``), or as a fixed set of windows."""

Regions = NDArray[np.float32]
"""(P, 4) left, top, right, bottom in pixels."""

SCALES = (0.9, 0.65, 0.45, 0.3, 0.2)
"""Sides of windows over the short side of the image."""

RATIOS = (0.5, 1.0, 2.0)
"""Widths of windows over their heights."""

STEP = 0.35
"""Distance of neighbouring windows over their side."""


@dataclass(frozen=True, eq=False)
class Proposed(Images):
    """Images, each with the regions proposed for it.

    Attributes:
        regions: N arrays (P, 4).
    """

    regions: tuple[Regions, ...] = ()

    @classmethod
    def of(cls, images: Images, regions: Sequence[Regions]) -> Self:
        """Put images and their regions together."""
        return cls(**{field.name: getattr(images, field.name) for field in fields(images)}, regions=tuple(regions))

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch."""
        return (*super().keys, "proposals")

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Add ``proposals`` (B, P, 4) to what images give; short lists are filled up with empty regions."""
        own = [self.regions[index] for index in np.asarray(indices)]
        padded = np.zeros((len(own), max(map(len, own), default=0), 4), np.float32)
        for row, regions in enumerate(own):
            padded[row, : len(regions)] = regions
        return super().read(indices) | {"proposals": torch.from_numpy(padded)}

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the images at ``indices`` alone."""
        return replace(super().take(indices), regions=tuple(self.regions[index] for index in indices))


def proposed(images: Images, *, kind: Kind = "selective-search", most: int = 1000) -> Proposed:
    """Find regions in every image, or read those of an earlier run.

    Args:
        images: N images.
        kind: how they are found.
        most: regions kept of an image, the first found.

    Raises:
        MissingExtraError: OpenCV's contributed modules are not installed.
        DataError: selective search reads one or three channels, and these images have others.
    """
    key = fingerprint("proposals-1", images.fingerprint, "\n".join(images.id), kind, str(most))
    file = user_folder() / f"{key}.proposals.npz"
    try:
        counts, flat = npz.read(file, "counts"), npz.read(file, "regions")
        return Proposed.of(images, np.split(flat, np.cumsum(counts)[:-1]))
    except (DataError, OSError):
        regions = _found(images, kind, most)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, counts=np.array([len(each) for each in regions]), regions=np.concatenate(regions))
    _keep(file, buffer)
    return Proposed.of(images, regions)


def windows(height: int, width: int) -> Regions:
    """Return windows of a few sizes and shapes over an image, the largest first.

    >>> windows(10, 20)[0].tolist()
    [0.0, 0.0, 20.0, 10.0]
    """
    regions = [(0.0, 0.0, float(width), float(height))]
    for scale in SCALES:
        for ratio in RATIOS:
            wide = min(scale * min(height, width) * ratio**0.5, width)
            high = min(scale * min(height, width) / ratio**0.5, height)
            across = np.linspace(0, width - wide, max(round((width - wide) / (STEP * wide)) + 1, 1))
            down = np.linspace(0, height - high, max(round((height - high) / (STEP * high)) + 1, 1))
            regions += [(left, top, left + wide, top + high) for top in down for left in across]
    return np.array(regions, np.float32)


def selective_search(pixels: NDArray[np.uint8]) -> Regions:
    """Join alike neighbouring parts of an image step by step; every part on the way is a region.

    Args:
        pixels: (H, W, 1) or (H, W, 3) uint8.

    Raises:
        MissingExtraError: OpenCV's contributed modules are not installed.

    Source: Uijlings, van de Sande, Gevers, Smeulders, *Selective Search for Object Recognition*, 2013, as OpenCV has it
    (fast mode).
    """
    try:
        from cv2 import ximgproc
    except ImportError as error:
        raise MissingExtraError(
            "selective search needs OpenCV's contributed modules: pip install 'lessup[vision]', or choose windows"
        ) from error
    search: Any = ximgproc.segmentation.createSelectiveSearchSegmentation()
    colours = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[:, :, ::-1]
    search.setBaseImage(np.ascontiguousarray(colours))
    search.switchToSelectiveSearchFast()
    left_top_size = np.asarray(search.process(), np.float32).reshape(-1, 4)
    return np.concatenate([left_top_size[:, :2], left_top_size[:, :2] + left_top_size[:, 2:]], axis=1)


def _found(images: Images, kind: Kind, most: int) -> list[Regions]:
    if kind == "selective-search" and images.channels not in (1, 3):
        raise DataError(
            f"selective search reads one or three channels; these images have {images.channels}: use windows"
        )
    regions = []
    with Progress("proposing regions", len(images)) as progress:
        for found in in_threads(partial(_regions, images, kind), range(len(images))):
            regions.append(found[:most])
            progress.advance()
    return regions


def _regions(images: Images, kind: Kind, index: int) -> Regions:
    pixels = images.pixels[index]
    if kind == "windows":
        return windows(*pixels.shape[:2])
    eight_bits = pixels if pixels.dtype == np.uint8 else pixels // 257
    return selective_search(eight_bits.astype(np.uint8))


def _keep(file: Path, content: io.BytesIO) -> None:
    """Write the file; where it cannot be, the regions are found anew next time."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content.getbuffer())
    except (OSError, LessupError):
        return
