"""Patches of photographs with the patches that were found for them."""

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.report import png
from lessup.report.grids import Figures, named
from lessup.report.strips import Picture, strip

ENLARGED = 2
"""Each pixel of a patch becomes so many a side, so that the browser does not blur it."""

_TITLES = {"model": "trained", "random": "untrained"}


def photograph(pixels: NDArray[np.uint8], *, enlarged: int = ENLARGED) -> str:
    """Return the address of (H, W, C) pixels; the first three channels, or the first, are shown."""
    shown = pixels[:, :, : 3 if pixels.shape[2] >= 3 else 1]
    return png.data_uri(shown.repeat(enlarged, 0).repeat(enlarged, 1))


def patch_strips(figures: Figures, *, left: str) -> str:
    """Write every query with what the trained and the untrained network found for it, as HTML; empty without one.

    Args:
        figures: of patch-neighbors or neighbors.
        left: what stands on the left, and what was searched.

    Raises:
        DataError: the figures do not fit together.
    """
    if "query_patch" not in figures:
        return ""
    asked = figures["query_patch"]
    names, labels = (named(figures, f"query_{what}", asked.shape[:1]) for what in ("id", "label"))
    found = {row: _found(figures, row, asked.shape) for row in _TITLES}
    pairs = [
        "".join(
            strip([Picture(photograph(query), f"{name}, {_TITLES[row]}", "query"), *_pictures(*results, number, label)])
            for row, results in found.items()
        )
        for number, (query, name, label) in enumerate(zip(_bytes(asked), names, labels, strict=True))
    ]
    note = (
        f"Left {left} that the network finds most alike with their cosine: above the trained network, below the same "
        "one untrained. Coloured captions are of another class."
    )
    strips = "".join(f"<div>{pair}</div>" for pair in pairs)
    return f'<div class="pairs">{strips}</div><p class="note">{note}</p>'


Results = tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.generic]]
"""Patches (Q, M, S, S, C), cosines and labels (Q, M)."""


def _pictures(
    patches: NDArray[np.uint8], cosines: NDArray[np.float64], labels: NDArray[np.generic], query: int, label: np.generic
) -> list[Picture]:
    return [
        Picture(photograph(patch), f"{cosine:.2f}", "" if own == label else "wrong")
        for patch, cosine, own in zip(patches[query], cosines[query], labels[query], strict=True)
    ]


def _found(figures: Figures, row: str, asked: tuple[int, ...]) -> Results:
    patches = _bytes(figures.get(f"{row}_patch"))
    if patches.ndim != 5 or (patches.shape[0], *patches.shape[2:]) != asked:
        raise DataError(f"figure '{row}_patch' does not fit the queries: evaluate again")
    shape = patches.shape[:2]
    return patches, named(figures, f"{row}_cosine", shape).astype(float), named(figures, f"{row}_label", shape)


def _bytes(pixels: NDArray[np.generic] | None) -> NDArray[np.uint8]:
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim < 4:
        raise DataError("patches among the figures are no uint8 pixels: evaluate again")
    return pixels.view(np.uint8)
