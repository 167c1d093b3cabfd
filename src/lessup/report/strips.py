"""Strips of small pictures: blends from one shape to another, and queries with what was found for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from lessup.report.grids import Figures, named, unpacked
from lessup.report.thumbnail import data_uri


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of a strip.

    Attributes:
        address: of the image, that holds its content.
        caption: plain text below it.
        mark: ``query`` for what asked, ``wrong`` for what is of another class, or nothing.
        sound: address of a sound that is played below it, or nothing.
    """

    address: str
    caption: str = ""
    mark: str = ""
    sound: str = ""


def strip(pictures: Sequence[Picture]) -> str:
    """Write pictures side by side as HTML; the row scrolls sideways where it does not fit."""
    return '<div class="strip">' + "".join(_figure(picture) for picture in pictures) + "</div>"


def _figure(picture: Picture) -> str:
    image = f'<img src="{picture.address}" alt="{escape(picture.caption)}" loading="lazy">'
    caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
    mark = f' class="{picture.mark}"' if picture.mark else ""
    sound = f'<audio controls preload="none" src="{picture.sound}"></audio>' if picture.sound else ""
    return f"<figure{mark}>{image}{sound}{caption}</figure>"


def blend_strips(figures: Figures) -> str:
    """Write the strip of every pair of shapes that the model blended, as HTML; empty without one.

    Args:
        figures: of shape-blending: ``side``, ``weights`` (S,), ``first_id`` and ``second_id`` (P,) and ``model_bits``.

    Raises:
        DataError: the figures do not fit together.
    """
    if "model_bits" not in figures:
        return ""
    num_pairs, num_steps = figures["model_bits"].shape[:2]
    grids = unpacked(figures, "model_bits", (num_pairs, num_steps))
    weights = named(figures, "weights", (num_steps,)).astype(float)
    ends = zip(*(named(figures, name, (num_pairs,)) for name in ("first_id", "second_id")), strict=True)
    strips = []
    for (first, second), shapes in zip(ends, grids, strict=True):
        pictures = [Picture(data_uri(grid), f"{weight:.0%}") for grid, weight in zip(shapes, weights, strict=True)]
        strips.append(f"<p>{escape(str(first))} to {escape(str(second))}</p>{strip(pictures)}")
    return "".join(strips)


def neighbor_strips(figures: Figures) -> str:
    """Write every query with its nearest shapes as HTML; empty without one.

    Args:
        figures: of shape-retrieval: ``side``, ``classes`` (K,), and ``id``, ``label`` and ``bits`` of the queries (Q,)
            and of their neighbours (Q, M), whose ``neighbor_cosine`` is in [-1, 1].

    Raises:
        DataError: the figures do not fit together.
    """
    if "neighbor_bits" not in figures:
        return ""
    shape = figures["neighbor_bits"].shape[:2]
    asked, found = unpacked(figures, "query_bits", shape[:1]), unpacked(figures, "neighbor_bits", shape)
    names, cosines = named(figures, "neighbor_id", shape), named(figures, "neighbor_cosine", shape).astype(float)
    query_names, label = named(figures, "query_id", shape[:1]), named(figures, "query_label", shape[:1])
    is_other = named(figures, "neighbor_label", shape) != label[:, None]
    strips = []
    for query in range(shape[0]):
        pictures = [Picture(data_uri(asked[query]), str(query_names[query]), "query")]
        pictures += [
            Picture(data_uri(grid), f"{name} {cosine:.2f}", "wrong" if other else "")
            for grid, name, cosine, other in zip(
                found[query], names[query], cosines[query], is_other[query], strict=True
            )
        ]
        strips.append(strip(pictures))
    note = (
        "Left the shape that asks, then the most alike shapes of other objects with their cosine; coloured names are "
    )
    note += "of another class."
    return f'<div class="pairs">{"".join(strips)}</div><p class="note">{note}</p>'
