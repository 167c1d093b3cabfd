"""Strips of small pictures: blends from one shape to another, and queries with what was found for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from lessup.report.thumbnail import data_uri


@dataclass(frozen=True, eq=False)
class Picture:
    """One shape of a strip.

    Attributes:
        grid: (V, V, V) bool.
        caption: plain text below it.
        mark: ``query`` for the shape that asked, ``wrong`` for one of another class, or nothing.
    """

    grid: NDArray[np.bool_]
    caption: str = ""
    mark: str = ""


def strip(pictures: Sequence[Picture]) -> str:
    """Write pictures side by side as HTML; the row scrolls sideways where it does not fit."""
    return '<div class="strip">' + "".join(_figure(picture) for picture in pictures) + "</div>"


def _figure(picture: Picture) -> str:
    image = f'<img src="{data_uri(picture.grid)}" alt="{escape(picture.caption)}" loading="lazy">'
    caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
    mark = f' class="{picture.mark}"' if picture.mark else ""
    return f"<figure{mark}>{image}{caption}</figure>"
