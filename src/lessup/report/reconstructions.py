"""Held-out images above what came back from their codes, and images that the method made itself."""

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.report.grids import Figures, named
from lessup.report.patches import photograph
from lessup.report.strips import Picture, strip


def reconstructed_strips(figures: Figures) -> str:
    """Write the pictures as HTML; empty without any.

    Args:
        figures: of reconstruction.

    Raises:
        DataError: the figures do not fit together.
    """
    truth = figures.get("example_truth")
    if truth is None or not len(truth):
        return ""
    names = named(figures, "example_id", truth.shape[:1])
    images = _bytes(figures, "example_truth", truth.shape)
    back = _bytes(figures, "example_model", truth.shape)
    rows = [
        strip([Picture(photograph(pixels), str(name)) for pixels, name in zip(images, names, strict=True)]),
        strip([Picture(photograph(pixels)) for pixels in back]),
    ]
    note = "Above held-out images, below what the trained network gives back from their codes."
    if "drawn" in figures:
        drawn = _bytes(figures, "drawn", figures["drawn"].shape)
        rows.append(strip([Picture(photograph(pixels)) for pixels in drawn]))
        note += " Last what it makes from random codes."
    return f'<div class="pairs">{"".join(rows)}</div><p class="note">{note}</p>'


def _bytes(figures: Figures, name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return (E, S, S, C) pixels."""
    pixels = named(figures, name, shape)
    if pixels.dtype != np.uint8 or pixels.ndim != 4:
        raise DataError(f"figure {name!r} is no array of uint8 pixels: evaluate again")
    return pixels.view(np.uint8)
