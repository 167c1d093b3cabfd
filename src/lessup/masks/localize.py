"""Show where a classifier sees its classes in a user's images: maps, boxes and pictures of both, as files."""

import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track

from lessup.errors import DataError
from lessup.masks.box_files import Located, boxes_csv, coco_instances, stored_size
from lessup.masks.boxes import SHARE, Scale, Way, largest_box
from lessup.masks.file_names import stems
from lessup.masks.image_maps import Crops, image_maps
from lessup.masks.overlays import enlarged, heated, outlined, photograph, times
from lessup.methods import Classifier
from lessup.runs.files import write_whole
from lessup.samples import Batch, Damage
from lessup.samples.images import Images
from lessup.training.modes import batch_on

BATCH = 32
"""Images looked at at once."""

LEAST = 224
"""Pixels on the short side of a picture with a box; those of smaller images are repeated."""

Told = Literal["predicted", "labels"]
"""Whose classes are shown: those that the network finds likeliest, or those that are known of the image."""

MapFormat = Literal["png", "npy", "none"]


@dataclass(frozen=True, kw_only=True)
class LocalizeConfig:
    """What is drawn, and how.

    Attributes:
        classes: numbers of the classes to look for in every image, or where they come from.
        top: how many of the likeliest classes, for ``predicted``.
        method: see ``boxes``.
        threshold: share of the maximum, for the paper's way.
        scale: what 0 is, see ``boxes.scaled``.
        crops: of which maps are made, see ``image_maps``.
        maps: how maps are stored: 8-bit PNG, float32 ``.npy``, or not at all.
        overlays: whether pictures of image, map and box are written.
    """

    classes: tuple[int, ...] | Told = "predicted"
    top: int = 1
    method: Way = "paper"
    threshold: float = SHARE
    scale: Scale = "range"
    crops: Crops = 1
    maps: MapFormat = "png"
    overlays: bool = True


@dataclass(frozen=True)
class Localized:
    """What came of it.

    Attributes:
        located: a class of an image each, in the order of the images.
        damage: images without a class to look for, and classes without a box.
    """

    located: tuple[Located, ...]
    damage: tuple[Damage, ...]


def localize_images(classifier: Classifier, images: Images, out: Path, config: LocalizeConfig) -> Localized:
    """Look for classes in images, and write ``boxes.csv``, ``instances.json``, ``maps/`` and ``overlays/``.

    Args:
        classifier: in ``eval`` mode, on its device; its classes are those of the images, by number.
        images: N images.
        out: folder to write to; made if absent.
        config: what is drawn.

    Raises:
        DataError: no image has a class to look for.
        RunError: a file cannot be written.
    """
    names_of_images, names = stems(images.id.tolist()), _file_names(images.classes)
    located: list[Located] = []
    damage: list[Damage] = []
    starts = range(0, len(images), BATCH)
    for start in track(starts, "localize", console=Console(stderr=True), disable=not sys.stderr.isatty()):
        some = np.arange(start, min(start + BATCH, len(images)))
        batch = batch_on(classifier.device, images, some)
        for index, label, score, score_map in _seen(classifier, batch, some, config):
            name = f"{names_of_images[index]}.{names[label]}"
            box = largest_box(score_map, config.method, config.threshold)
            found = Located(
                image=index,
                label=label,
                score=score,
                corners=_stored(box[0], images, index) if len(box) else None,
                map=_write_map(out, name, score_map, config.maps),
                overlay=_write_overlay(out, name, images, index, score_map, box) if config.overlays else "",
            )
            located.append(found)
    shown = {one.image for one in located}
    damage += [Damage(images.id[index], "no class known") for index in range(len(images)) if index not in shown]
    damage += [
        Damage(images.id[one.image], f"nothing speaks for {images.classes[one.label]}, so it has no box", skipped=False)
        for one in located
        if one.corners is None
    ]
    if not located:
        raise DataError(
            f"none of the {len(images)} images has a class that the network knows: pass --classes predicted, or names"
        )
    write_whole(out / "boxes.csv", boxes_csv(located, images).encode())
    write_whole(out / "instances.json", (json.dumps(coco_instances(located, images), indent=1) + "\n").encode())
    return Localized(tuple(located), tuple(damage))


def _seen(
    classifier: Classifier, batch: Batch, some: NDArray[np.int64], config: LocalizeConfig
) -> Iterator[tuple[int, int, float, NDArray[np.float32]]]:
    """Give number of the image, class, its score and its map for everything that is looked for in a batch."""
    with torch.no_grad():
        scores = classifier.classify(batch)
    asked = _asked(batch, scores, config)
    most = max(map(len, asked))
    if not most:
        return
    padded = torch.tensor([[*own, *[0] * (most - len(own))] for own in asked], device=scores.device)
    maps = image_maps(classifier, batch, padded, scale=config.scale, crops=config.crops)
    for place, (index, own) in enumerate(zip(some.tolist(), asked, strict=True)):
        for label, score_map in zip(own, maps[place], strict=False):
            yield index, label, float(scores[place, label]), score_map


def _asked(batch: Batch, scores: torch.Tensor, config: LocalizeConfig) -> list[list[int]]:
    """Return the classes to look for in each image of a batch."""
    if config.classes == "predicted":
        likeliest: list[list[int]] = scores.topk(min(config.top, scores.shape[1])).indices.tolist()
        return likeliest
    if config.classes == "labels":
        if "tags" in batch:
            return [torch.nonzero(tags == 1)[:, 0].tolist() for tags in batch["tags"]]
        return [[label] if label >= 0 else [] for label in batch["label"].tolist()]
    return [list(config.classes)] * len(scores)


def _stored(box: NDArray[np.float64], images: Images, index: int) -> tuple[float, float, float, float]:
    """Return a box in pixels of the file, where images were reduced."""
    scale = stored_size(images, index) / images.pixels.extent[index]
    left, top, right, bottom = (box * scale[[1, 0, 1, 0]]).round(2).tolist()
    return left, top, right, bottom


def _write_map(out: Path, name: str, score_map: NDArray[np.float32], kind: MapFormat) -> str:
    if kind == "none":
        return ""
    file = f"maps/{name}.{kind}"
    if kind == "png":
        write_whole(out / file, _png(np.rint(255 * score_map).astype(np.uint8)))
    else:
        buffer = io.BytesIO()
        np.save(buffer, score_map, allow_pickle=False)
        write_whole(out / file, buffer.getvalue())
    return file


def _write_overlay(
    out: Path, name: str, images: Images, index: int, score_map: NDArray[np.float32], box: NDArray[np.float64]
) -> str:
    number = times(score_map.shape, LEAST)
    picture = enlarged(heated(photograph(images.pixels[index]), score_map), number)
    file = f"overlays/{name}.png"
    write_whole(out / file, _png(outlined(picture, box * number, width=2)))
    return file


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _file_names(classes: Sequence[str]) -> list[str]:
    """Return what every class is called in the names of files."""
    plain = [re.sub(r"[^\w-]+", "_", name) for name in classes]
    uses = Counter(plain)
    return [name if uses[name] == 1 else f"{name}-{number}" for number, name in enumerate(plain)]
