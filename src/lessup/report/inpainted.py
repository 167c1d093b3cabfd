"""Photographs with a hole, what each way of filling makes of them, and the truth."""

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.report import png
from lessup.report.grids import Figures, named
from lessup.report.presentation import Presentation
from lessup.report.strips import Picture, strip

ENLARGED = 2
"""Each pixel becomes so many a side, so that the browser does not blur it."""

_SHOWN = ("model", "biharmonic", "mean_colour")
"""Rows that are shown, from the left."""

_NOTE = (
    "From left to right the photograph with its hole, the hole filled in each way with its PSNR in dB, and the truth. "
    "The photographs are the first of the held-out ones, in random order; none was chosen."
)


def inpainted_strips(figures: Figures, shown: Presentation) -> str:
    """Write a strip a photograph as HTML; empty without one.

    Args:
        figures: of inpainting.
        shown: what the rows are called.

    Raises:
        DataError: the figures do not fit together.
    """
    truth = figures.get("example_truth")
    if truth is None or not len(truth):
        return ""
    count, rows = len(truth), [str(row) for row in figures.get("rows", ())]
    whole = _bytes(figures, "example_truth", truth.shape)
    hole = named(figures, "example_hole", truth.shape[:3]).astype(bool)
    names = named(figures, "example_id", (count,))
    psnr = named(figures, "psnr", (len(rows), figures.get("id", np.empty(0)).size)).astype(float)
    filled = {row: _bytes(figures, f"example_{row}", truth.shape) for row in _SHOWN if row in rows}
    strips = []
    for place, name in enumerate(names):
        pictures = [Picture(_address(whole[place], hole[place]), str(name), "query")]
        for row, pixels in filled.items():
            caption = f"{shown.rows.get(row, row)} {psnr[rows.index(row), place]:.1f}"
            pictures.append(Picture(_address(pixels[place]), caption))
        strips.append(strip([*pictures, Picture(_address(whole[place]), "truth")]))
    return f'<div class="pairs">{"".join(strips)}</div><p class="note">{_NOTE}</p>'


def _bytes(figures: Figures, name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return (E, S, S, 3) pixels."""
    pixels = named(figures, name, shape)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3:
        raise DataError(f"figure {name!r} is no array of uint8 colours: evaluate again")
    return pixels.view(np.uint8)


def _address(pixels: NDArray[np.uint8], hole: NDArray[np.bool_] | None = None) -> str:
    """Return the address of (S, S, 3) pixels, see-through in the hole."""
    if hole is not None:
        pixels = np.concatenate([pixels, np.where(hole, 0, 255).astype(np.uint8)[..., None]], 2)
    return png.data_uri(pixels.repeat(ENLARGED, 0).repeat(ENLARGED, 1))
