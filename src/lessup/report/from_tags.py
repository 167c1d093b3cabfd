"""How masks were made from tags: what every stage made of a handful of images, the threshold, and the tags."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, RunError
from lessup.masks.overlays import enlarged, heated, painted, times
from lessup.report import png
from lessup.report.grids import Figures, named
from lessup.report.masks import class_numbers, colour_key
from lessup.report.page import Section, facts
from lessup.report.strips import Picture, strip
from lessup.runs.within import FromTags

LEAST = 120
"""Pixels on the short side of a picture; those of smaller images are repeated, so that the browser blurs none."""

_STAGES = {
    "class_map": "class map",
    "seeds": "seeds",
    "saliency": "saliency",
    "guide": "guide label",
    "mask": "mask of the segmenter",
    "truth": "truth",
}
"""Captions of the pictures, from the left; the image comes first."""

_HEAT = ("class_map", "saliency")

_NOTE = (
    "Class map: where a network that was told the tags alone sees the likeliest of them. Seeds: where it is sure. "
    "Saliency: what stands out, of whatever class. Guide label: both together; the segmenter learnt from it. Images "
    "are evenly spaced through those that were learnt from. White pixels are not counted."
)


def from_tags_section(whole: FromTags, *, prefix: str = "", level: int = 2) -> Section:
    """Write how a segmenter came to be.

    Args:
        whole: the folder of all stages.
        prefix: put before the anchor, so that several runs fit on a page.
        level: of the heading.

    Raises:
        RunError: what it holds is damaged.
    """
    try:
        body = (
            _overview(whole.record) + _notes(whole.record) + _class_table(whole.record) + stage_strips(whole.figures())
        )
    except (DataError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"{whole.path}: {error}; run `lessup segment --data ... --out {whole.path}` again") from error
    return Section(f"{prefix}from-tags", "From tags to masks", body, level)


def stage_strips(figures: Figures) -> str:
    """Write a strip an image and the key to the colours as HTML; empty without one.

    Args:
        figures: of ``masks/stage_figures.py``; in ``example_truth`` 255 is not to be counted.

    Raises:
        DataError: the figures do not fit together.
    """
    images = figures.get("example_image")
    if images is None or not len(images):
        return ""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise DataError("figure 'example_image' is no array of uint8 colours")
    names, extent = [str(name) for name in figures.get("classes", ())], _extents(figures, images.shape)
    maps = {stage: figures[f"example_{stage}"] for stage in _STAGES if f"example_{stage}" in figures}
    for stage in maps:
        named(figures, f"example_{stage}", images.shape[:3])
    labels = {
        stage: class_numbers(_signed(found), f"example_{stage}", len(names))
        for stage, found in maps.items()
        if stage not in _HEAT
    }
    tags = named(figures, "image_tags", images.shape[:1])
    strips = []
    for place, (height, width) in enumerate(extent):
        inside = (place, slice(height), slice(width))
        photo, number = images[inside].view(np.uint8), times((height, width), LEAST)
        shown = {
            stage: heated(photo, maps[stage][inside].astype(np.float64) / 255)
            if stage in _HEAT
            else painted(photo, labels[stage][inside])
            for stage in maps
            if stage in _HEAT or (labels[stage][inside] >= 0).any()  # an image may have no true mask
        }
        pictures = [Picture(png.data_uri(enlarged(photo, number)), str(tags[place]), "query")]
        pictures += [Picture(png.data_uri(enlarged(one, number)), _STAGES[stage]) for stage, one in shown.items()]
        strips.append(strip(pictures))
    key = colour_key(labels.values(), names)
    return f'<div class="pairs masks stages">{"".join(strips)}</div><p>{key}</p><p class="note">{_NOTE}</p>'


def _overview(record: Mapping[str, Any]) -> str:
    how, threshold = dict(record["settings"]), record.get("threshold")
    chosen = "" if how.get("threshold") else ", chosen without masks"
    values = {
        "data": f"{record['data']}, {record['images']} images with tags",
        "tags": str(record.get("tags") or "of the data itself"),
        "seeds": f"from a confidence of {float(threshold):.2f} on{chosen}"
        if threshold is not None
        else "none looked for",
        "saliency": str(how.get("saliency", "")),
        "guide labels": str(how.get("guide", "")),
        "rounds": str(how.get("rounds", "")),
        "dense CRF": "behind the segmenter" if how.get("crf") else "none",
        "command": str(record.get("command", "")),
    }
    return facts(values)


def _notes(record: Mapping[str, Any]) -> str:
    lines = "".join(f"<li>{escape(str(note))}</li>" for note in record.get("notes", ()))
    return f'<ul class="note">{lines}</ul>' if lines else ""


def _class_table(record: Mapping[str, Any]) -> str:
    """Write how often every class was named, and how often it was found."""
    lines = "".join(
        f"<tr><th>{escape(str(name))}</th>"
        + "".join(f"<td>{value}</td>" for value in (_count(one, "tagged"), _count(one, "alone"), _count(one, "images")))
        + f"<td>{100 * float(one['share']):.1f}</td></tr>"
        for name, one in dict(record["classes"]).items()
    )
    head = "<th></th><th>images with the tag</th><th>with it alone</th><th>images whose mask has it</th>"
    head += "<th>of all pixels, %</th>"
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _count(values: Mapping[str, Any], name: str) -> str:
    return str(int(values[name])) if name in values else ""


def _extents(figures: Figures, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    extent = named(figures, "example_extent", (shape[0], 2))
    if extent.dtype.kind not in "iu":
        raise DataError("figure 'example_extent' holds no numbers")
    sizes = extent.astype(np.int64)
    if (sizes < 1).any() or (sizes > np.array(shape[1:3])).any():
        raise DataError("figure 'example_extent' does not fit the images")
    return [(height, width) for height, width in sizes.tolist()]


def _signed(labels: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return labels with -1 for what is not counted."""
    if labels.dtype != np.uint8:
        raise DataError("a figure of labels is no array of uint8")
    return np.where(labels == 255, -1, labels.astype(np.int64))
