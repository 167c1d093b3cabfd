"""Shapes that turn with the mouse: grids as plotly traces."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.report.rectangles import rectangles

Trace = dict[str, Any]

_LIGHT = {"ambient": 0.7, "diffuse": 0.45, "specular": 0.05, "roughness": 0.9, "fresnel": 0.0}
_LAMP = {"x": 3000, "y": -6000, "z": 12000}


def traces(labels: NDArray[np.uint8], colours: Mapping[int, str], *, opacity: float = 1.0) -> list[Trace]:
    """Draw a labelled grid, one trace for each label that is to be seen.

    Args:
        labels: (V, V, V) uint8, 0 is empty; only faces between a label and the empty are drawn.
        colours: colour by label.
        opacity: 1 hides what is behind.
    """
    cover = rectangles(labels)
    return [
        _trace(cover.corners[cover.label == label], colour, opacity)
        for label, colour in colours.items()
        if (cover.label == label).any()
    ]


def layout(side: int) -> dict[str, Any]:
    """Return the layout of a panel that shows one grid without axes, seen from above and aside."""
    axis = {"visible": False, "range": [0.05 * side, 0.95 * side], "autorange": False}
    return {
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "scene": {
            "xaxis": axis,
            "yaxis": axis,
            "zaxis": axis,
            "aspectmode": "cube",
            "dragmode": "orbit",
            "camera": {
                "eye": {"x": 1.0, "y": 0.7, "z": 0.55},
                "up": {"x": 0, "y": 0, "z": 1},
                "projection": {"type": "perspective"},
            },
        },
    }


def key(entries: Sequence[tuple[str, str]]) -> str:
    """Write the meaning of colours as HTML.

    Args:
        entries: colour and meaning, neither of them from a file.
    """
    return "".join(f'<span class="key"><i style="background:{colour}"></i>{text}</span>' for colour, text in entries)


def typed(array: NDArray[np.generic]) -> dict[str, str]:
    """Write a one-dimensional array as plotly reads it from JSON, in base64: a fifth of the size of its digits.

    >>> typed(np.array([1, 2], np.uint8))
    {'dtype': 'u1', 'bdata': 'AQI='}
    """
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {"dtype": little.dtype.str[1:], "bdata": base64.b64encode(little.tobytes()).decode()}


def _trace(corners: NDArray[np.uint8], colour: str, opacity: float) -> Trace:
    """Draw (R, 4, 3) rectangles by their corners alone; the page makes two triangles of each."""
    x, y, z = corners.reshape(-1, 3).T
    return {
        "type": "mesh3d",
        "x": typed(x),
        "y": typed(y),
        "z": typed(z),
        "color": colour,
        "opacity": opacity,
        "flatshading": True,
        "hoverinfo": "skip",
        "lighting": _LIGHT,
        "lightposition": _LAMP,
    }
