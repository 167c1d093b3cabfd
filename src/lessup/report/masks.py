"""Photographs with the masks that a network found, beside the true ones."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.masks.overlays import colour, painted
from lessup.report import png
from lessup.report.grids import Figures, named
from lessup.report.presentation import Presentation
from lessup.report.strips import Picture, strip

_SHOWN = ("model", "model_crf", "random")
"""Rows that are shown, from the left; the photograph and the truth come first."""


def mask_strips(figures: Figures, shown: Presentation, *, method: str) -> str:
    """Write a strip a photograph and the key to the colours as HTML; empty without one.

    Args:
        figures: of segmentation or masks: ``classes`` (K + 1,), ``example_image`` (E, H, W, C) uint8, ``example_truth``
            and ``example_ROW`` (E, H, W) with -1 for what is not counted.
        shown: what the rows are called.
        method: name of the method, plain text.

    Raises:
        DataError: the figures do not fit together.
    """
    if "example_image" not in figures:
        return ""
    images = figures["example_image"]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 2, 3):
        raise DataError("figure 'example_image' is no array of uint8 pixels: evaluate again")
    names = [str(name) for name in figures.get("classes", ())]
    captions = {"truth": "truth"} | {row: method if row == "model" else shown.rows.get(row, row) for row in _SHOWN}
    masks = {
        caption: class_numbers(named(figures, f"example_{row}", images.shape[:3]), f"example_{row}", len(names))
        for row, caption in captions.items()
        if f"example_{row}" in figures
    }
    strips = []
    for place, pixels in enumerate(images.view(np.uint8)):
        photograph, part = _coloured(pixels), _content(pixels)
        pictures = [Picture(png.data_uri(photograph[part]), "photograph", "query")]
        pictures += [
            Picture(png.data_uri(painted(photograph, mask[place])[part]), caption) for caption, mask in masks.items()
        ]
        strips.append(strip(pictures))
    key = colour_key(masks.values(), names)
    note = "Held-out photographs, evenly spaced through the test part; white pixels are not counted."
    return f'<div class="pairs masks">{"".join(strips)}</div><p>{key}</p><p class="note">{note}</p>'


def _coloured(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels if pixels.shape[2] == 3 else pixels[..., :1].repeat(3, 2)


def _content(pixels: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Return where the photograph lies; images of a batch are filled up with zeros below and on the right."""
    filled = (pixels > 0).any(2)
    if not filled.any():
        return slice(None), slice(None)
    rows, columns = np.nonzero(filled)
    return slice(int(rows.max()) + 1), slice(int(columns.max()) + 1)


def class_numbers(labels: NDArray[np.generic], name: str, num_classes: int) -> NDArray[np.int64]:
    """Check a figure of classes.

    Args:
        labels: (...) -1 for what is not counted, 0 background, 1 + class.
        name: of the figure, for messages.
        num_classes: the background counted.

    Raises:
        DataError: there is another number.
    """
    if labels.dtype.kind not in "iu" or labels.min(initial=0) < -1 or labels.max(initial=0) >= num_classes:
        raise DataError(f"figure {name!r} holds no classes from -1 to {num_classes - 1}: evaluate again")
    return labels.astype(np.int64)


def colour_key(masks: Iterable[NDArray[np.int64]], names: Sequence[str]) -> str:
    """Write the colours of the classes that some masks hold as HTML, but for the background.

    Args:
        masks: (...) numbers of ``names``, or -1.
        names: (1 + K,), plain text, the background first.
    """
    found = sorted({int(number) for mask in masks for number in np.unique(mask)})
    return "".join(
        f'<span class="key"><i style="background: rgb{colour(number)}"></i>{escape(names[number])}</span>'
        for number in found
        if number > 0
    )
