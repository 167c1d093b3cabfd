"""What every stage from tags to masks made of a handful of images, for the eye."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lessup.masks.overlays import photograph
from lessup.masks.seeds import at_threshold
from lessup.masks.stages import seeds_from
from lessup.samples.images import Images, Ragged
from lessup.samples.label_draws import targets
from lessup.samples.spacing import evenly_spaced

SHOWN = 6
"""Images, evenly spaced among those that have a tag."""


def stage_figures(
    images: Images, threshold: float | None, *, seeds: Ragged | None, kept: Mapping[str, Ragged]
) -> dict[str, NDArray[np.generic]]:
    """Return the arrays from which the report draws the stages of some images.

    Args:
        images: N images with tags, or a label each.
        threshold: confidence from which on a pixel is a seed.
        seeds: N maps of ``seed_maps``; None where none were looked for.
        kept: N maps (H, W, 1) of further stages, by their names.

    Returns:
        ``classes`` (1 + K,), the background first; ``image_id`` and ``image_tags`` (E,), ``example_image`` (E, H, W, 3)
        uint8, ``example_extent`` (E, 2), and for seeds ``example_class_map`` and ``example_seeds``, for every further
        stage ``example_NAME``, (E, H, W) uint8; 0 beyond an image's extent.
    """
    tags = targets(images) == 1
    tagged = np.flatnonzero(tags.any(1))
    some = tagged[evenly_spaced(len(tagged), SHOWN)].tolist()
    extent = images.pixels.extent[some]
    figures: dict[str, NDArray[np.generic]] = {
        "classes": np.array(["background", *images.classes]),
        "image_id": images.id[some],
        "image_tags": np.array([", ".join(np.array(images.classes)[tags[index]]) for index in some]),
        "example_extent": extent,
        "example_image": _padded([photograph(images.pixels[index]) for index in some], extent),
    }
    if seeds is not None and threshold is not None:
        found = [seeds_from(seeds[index]) for index in some]
        figures["example_class_map"] = _padded([seeds[index][..., 1] for index in some], extent)
        figures["example_seeds"] = _padded([at_threshold(*one, threshold) for one in found], extent)
    for name, maps in kept.items():
        figures[f"example_{name}"] = _padded([maps[index][..., 0] for index in some], extent)
    return figures


def _padded(arrays: list[NDArray[np.generic]], extent: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return (E, H, W, ...) arrays of the largest height and width, filled up with 0."""
    whole = np.zeros((len(arrays), *extent.max(0), *arrays[0].shape[2:]), np.uint8)
    for own, array in zip(whole, arrays, strict=True):
        own[: array.shape[0], : array.shape[1]] = array
    return whole
