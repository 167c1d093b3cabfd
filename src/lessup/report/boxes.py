"""Photographs with the map of their class, the box that was found on it and the true ones."""

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.masks.overlays import FOUND, TRUE, enlarged, heated, outlined, times
from lessup.report import png
from lessup.report.grids import Figures, named
from lessup.report.page import chart, escaped
from lessup.report.presentation import Presentation
from lessup.report.shapes3d import Trace
from lessup.report.strips import Picture, strip

LEAST = 160
"""Pixels on the short side of a picture; those of smaller photographs are repeated, so that the browser blurs none."""

_COLOURS = ("--soft", "--kept", "--restored", "--missing", "--extra")
"""Of the rows beside the model, in their order."""

_NOTE = (
    "Held-out photographs, evenly spaced through the test part: as they are, under the map of their own class, and "
    "with the box that was found on it (red) and the true ones (green). Below stand the class, what the network names "
    "first, and the overlap of the boxes; it is coloured where no object is covered by half."
)


def box_strips(figures: Figures) -> str:
    """Write a strip a photograph as HTML; empty without one.

    Args:
        figures: of localization.

    Raises:
        DataError: the figures do not fit together.
    """
    images = figures.get("example_image")
    if images is None or not len(images):
        return ""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise DataError("figure 'example_image' is no array of uint8 colours: evaluate again")
    count = len(images)
    extent = _extents(figures, images.shape)
    maps = _numbers(figures, "example_map", images.shape[:3]) / 255
    found = _numbers(figures, "example_found", (count, 1, 4))
    most = figures["example_true"].shape[1:2] if "example_true" in figures else ()
    true = _numbers(figures, "example_true", (count, *most, 4))
    classes, first = (named(figures, f"example_{name}", (count,)) for name in ("class", "named"))
    overlaps = _numbers(figures, "example_overlap", (count,))
    strips = []
    for place, (height, width) in enumerate(extent):
        photo = images[place, :height, :width].view(np.uint8)
        score_map = maps[place, :height, :width].clip(0, 1)
        number = times((height, width), LEAST)
        boxed = outlined(enlarged(photo, number), number * true[place], TRUE, width=2)
        boxed = outlined(boxed, number * found[place], FOUND, width=2)
        pictures = [
            Picture(png.data_uri(enlarged(photo, number)), str(classes[place]), "query"),
            Picture(png.data_uri(enlarged(heated(photo, score_map), number)), f"named {first[place]}"),
            Picture(png.data_uri(boxed), f"overlap {overlaps[place]:.2f}", "" if overlaps[place] >= 0.5 else "wrong"),
        ]
        strips.append(strip(pictures))
    return f'<div class="pairs boxes">{"".join(strips)}</div><p class="note">{_NOTE}</p>'


def threshold_chart(figures: Figures, shown: Presentation, *, method: str) -> str:
    """Draw the share of objects found over the threshold of the map, for every row, as HTML; empty without one.

    Args:
        figures: of localization: ``thresholds`` (S,), ``rows`` and ``curve_ROW`` (S,) in percent.
        shown: what the rows are called.
        method: name of the method, plain text.

    Raises:
        DataError: the figures do not fit together.
    """
    if "thresholds" not in figures:
        return ""
    thresholds = 100 * _numbers(figures, "thresholds", figures["thresholds"].shape)
    rows = [str(row) for row in figures.get("rows", ())]
    others = [row for row in rows if row != "model"]
    traces: list[Trace] = []
    for row in rows:
        colour = "--accent" if row == "model" else _COLOURS[others.index(row) % len(_COLOURS)]
        curve = _numbers(figures, f"curve_{row}", thresholds.shape)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": escaped(method if row == "model" else shown.rows.get(row, row.replace("_", " "))),
                "x": thresholds.round(3).tolist(),
                "y": curve.round(3).tolist(),
                "line": {"color": f"var({colour})", "width": 2},
            }
        )
    layout = {
        "xaxis": {"title": {"text": "threshold, % of the maximum of the map"}},
        "yaxis": {"title": {"text": "objects found, %"}, "rangemode": "tozero"},
        "margin": {"l": 55, "r": 10, "t": 10, "b": 45},
        "legend": {"orientation": "h", "y": -0.2},
    }
    caption = "A threshold read off this chart has seen the test images: choose one with --validation-boxes."
    return chart(traces, layout, caption=caption, height=420)


def _extents(figures: Figures, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    extent = _numbers(figures, "example_extent", (shape[0], 2)).astype(np.int64)
    if (extent < 1).any() or (extent > np.array(shape[1:3])).any():
        raise DataError("figure 'example_extent' does not fit the images: evaluate again")
    return [(height, width) for height, width in extent.tolist()]


def _numbers(figures: Figures, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    found = named(figures, name, shape)
    if found.dtype.kind not in "iuf" or not np.isfinite(found.astype(float)).all():
        raise DataError(f"figure {name!r} holds no numbers: evaluate again")
    return found.astype(np.float64)
