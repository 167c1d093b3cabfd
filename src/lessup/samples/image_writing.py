"""Write decoded images one after the other into flat files, and bring them to one form at the end.

==============  ==========================================================================================
file            content
==============  ==========================================================================================
``pixels``      (H, W, C) uint8 or uint16 of every usable image, one after the other
``masks``       (H, W) uint8 of the same extents, 255 where an image has none; only if masks were asked for
``index.npz``   see ``KEYS``
==============  ==========================================================================================
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.image_file import Pixels, with_channels
from lessup.samples.image_decoding import Outcome

PIXELS, MASKS, INDEX = "pixels", "masks", "index.npz"

KEYS = ("usable", "reason", "original", "extent", "channels", "bits", "masks")
"""(N,) bool, (N,) str, (N, 2) int64, (N, 2) int64, and three numbers: C, 8 or 16, and whether there are masks."""

_NOT_COUNTED = 255


@dataclass
class _Record:
    """What was written of one image; ``channels`` is 0 where it cannot be used."""

    reason: str
    original: tuple[int, int] = (0, 0)
    extent: tuple[int, int] = (0, 0)
    channels: int = 0
    bits: int = 8


class ImageWriter:
    """Writes into a folder of its own; use it as a context manager.

    Args:
        folder: an empty folder.
        masks: whether masks are written; images without one count nowhere.
    """

    def __init__(self, folder: Path, *, masks: bool) -> None:
        self._folder = folder
        self._records: list[_Record] = []
        self._files = ExitStack()
        self._pixels = self._files.enter_context((folder / PIXELS).open("wb"))
        self._masks = self._files.enter_context((folder / MASKS).open("wb")) if masks else None

    def __enter__(self) -> "ImageWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def add(self, outcome: Outcome) -> None:
        """Write the next image."""
        image = outcome.image
        if image is None:
            self._records.append(_Record(outcome.reason))
            return
        pixels = np.ascontiguousarray(image.pixels)
        height, width, channels = pixels.shape
        self._pixels.write(pixels.data)
        if self._masks:
            mask = np.full((height, width), _NOT_COUNTED, np.uint8) if outcome.mask is None else outcome.mask
            self._masks.write(np.ascontiguousarray(mask).data)
        self._records.append(
            _Record(outcome.reason, image.original, (height, width), channels, 8 * pixels.dtype.itemsize)
        )

    def finish(self) -> dict[str, NDArray[Any]]:
        """Bring all images to one number of channels and bits, and write and return the index."""
        self._files.close()
        channels, bits = _common_form(self._records)
        if any((record.channels, record.bits) != (channels, bits) for record in self._records if record.channels):
            self._unify(channels, bits)
        index: dict[str, Any] = {
            "usable": np.array([record.channels > 0 for record in self._records]),
            "reason": np.array([record.reason for record in self._records], np.str_),
            "original": np.array([record.original for record in self._records], np.int64),
            "extent": np.array([record.extent for record in self._records], np.int64),
            "channels": np.array(channels),
            "bits": np.array(bits),
            "masks": np.array(self._masks is not None),
        }
        np.savez(self._folder / INDEX, allow_pickle=False, **index)
        return index

    def _unify(self, channels: int, bits: int) -> None:
        """Write the pixels once more, all of one form, and drop images that cannot take it, with their masks."""
        stored = np.memmap(self._folder / PIXELS, np.uint8, mode="r")
        masks = np.memmap(self._folder / MASKS, np.uint8, mode="r") if self._masks else None
        start, mask_start = 0, 0
        with ExitStack() as files:
            pixels_out = files.enter_context((self._folder / f"{PIXELS}.new").open("wb"))
            masks_out = files.enter_context((self._folder / f"{MASKS}.new").open("wb")) if self._masks else None
            for record in self._records:
                height, width = record.extent
                length = height * width * record.channels * record.bits // 8
                raw, start = stored[start : start + length], start + length
                area, mask_start = slice(mask_start, mask_start + height * width), mask_start + height * width
                if record.channels == 0:
                    continue
                image = raw.view(f"uint{record.bits}").reshape(height, width, record.channels)
                unified = _converted(record, image, channels, bits)
                if unified is None:
                    record.channels, record.extent = 0, (0, 0)
                    continue
                pixels_out.write(np.ascontiguousarray(unified).data)
                if masks is not None and masks_out:
                    masks_out.write(masks[area].data)
        (self._folder / f"{PIXELS}.new").replace(self._folder / PIXELS)
        if masks is not None:
            (self._folder / f"{MASKS}.new").replace(self._folder / MASKS)


def _common_form(records: list[_Record]) -> tuple[int, int]:
    """Return channels and bits for all: those of most images, but colour where grey ones stand among colour ones."""
    usable = [record for record in records if record.channels]
    if not usable:
        return 0, 8
    counts = Counter("grey or colour" if record.channels in (1, 3) else record.channels for record in usable)
    most = counts.most_common(1)[0][0]
    if isinstance(most, str):
        most = max(record.channels for record in usable if record.channels in (1, 3))
    return most, Counter(record.bits for record in usable).most_common(1)[0][0]


def _converted(record: _Record, image: Pixels, channels: int, bits: int) -> Pixels | None:
    """Return an image in the common form and note what was changed; None where it cannot take it."""
    changes = [record.reason] if record.reason else []
    if record.bits != bits:
        changes.append(f"{record.bits} bits among images of {bits}")
        image = (image >> 8).astype(np.uint8) if bits == 8 else image.astype(np.uint16) * np.uint16(257)
    try:
        if record.channels != channels:
            image = with_channels(image, channels)
            changes.append("grey among colour images" if record.channels == 1 else "colour among grey images")
    except DataError as error:
        record.reason = str(error)
        return None
    record.reason = "; ".join(changes)
    return image
