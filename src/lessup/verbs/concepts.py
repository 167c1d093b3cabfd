"""`lessup discover concepts`: detectors of things that captions or tags name, and where each sees its own."""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lessup import data as sources
from lessup.data import image_table
from lessup.errors import DataError, RunError, UsageError
from lessup.features import encode_all
from lessup.formats.captions import matched, read_captions
from lessup.masks.boxes import SHARE, Scale
from lessup.masks.concepts import (
    Examples,
    as_layer,
    from_captions,
    from_classes,
    from_tags,
    held_out_precision,
    highest,
)
from lessup.masks.deep_features import LAYER, named_network, with_weights
from lessup.masks.informative_objects import FEWEST, informative_objects, looked_at, objects_of
from lessup.masks.localize import LocalizeConfig, Localized, localize_images
from lessup.masks.overlays import photograph
from lessup.methods.cam import CAM
from lessup.probes.hard_negatives import MINING, Detector, Mining, mined_detector
from lessup.report import png
from lessup.report.contact_sheet import Tile, contact_sheet
from lessup.runs.files import is_occupied, write_json, write_whole
from lessup.runs.provenance import provenance
from lessup.samples import Reading
from lessup.samples.images import Images
from lessup.verbs.left_out import say_left_out

RECORD = "concepts.json"

SHOWN = 8
"""Pictures of a concept in ``top.png``, at most."""


@dataclass(frozen=True, kw_only=True)
class ConceptsConfig:
    """How concepts are learnt and shown.

    Attributes:
        backbone: network whose last map is pooled and read.
        weights: file, run folder or ``imagenet``, from which its weights are loaded; empty for random ones.
        top: images with the highest scores of a concept, in which it is shown.
        cost: of a training error.
        rounds: in which hard negatives are mined, at most; 0 stays with random ones.
        threshold: of a box, as a share of the maximum of the map.
        scale: whether 0 of a map is no evidence for the concept (``maximum``) or its least value (``range``).
        seed: of the random negatives, and of weights where none are loaded.
    """

    backbone: str = "efficientnet-lite0"
    weights: str = "imagenet"
    top: int = 12
    cost: float = MINING.cost
    rounds: int = MINING.rounds
    threshold: float = SHARE
    scale: Scale = "maximum"
    seed: int = 0


def discover_concepts(
    data: str,
    out: str | Path,
    concepts: Sequence[str],
    *,
    captions: str = "",
    tags: str = "",
    objects: bool = False,
    config: ConceptsConfig | None = None,
    reading: Reading | None = None,
    device: str = "cpu",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Learn detectors from captions, labels or tags, rank all images by them, and show where they see their concepts.

    Args:
        data: path or name of the images.
        out: folder to write ``ranking.csv``, ``concepts.json``, ``top.png``, and what ``localize`` writes, to.
        concepts: phrases of captions, or classes of the data.
        captions: where the captions are, see ``read_captions``; empty for none.
        tags: table of image and label or tags; without it and captions, those of the data itself are used.
        objects: whether ``objects.csv`` says which objects of the data's masks or boxes lie under the maps.
        config: how.
        reading: how the data is read.
        device: where to compute.
        overwrite: write into a folder that holds files.

    Returns:
        The content of ``concepts.json``: by concept how many images are ``positive`` and ``negative``, how many
        negatives each round ``added``, whether none was left to mine (``done``), and the average precision in percent
        of held-out images, None where there are too few, beside ``chance``, the share of positives.

    Raises:
        UsageError: a setting is out of range, no concept is named, or captions and tags are.
        DataError: the data is no images, a concept has no positive or no negative, or objects are asked for where
            there are none.
        RunError: the folder holds files, or cannot be written.
    """
    config, out = config or ConceptsConfig(), Path(out)
    _check(config, concepts, out, overwrite=overwrite)
    images = _images(data, reading or Reading(), objects=objects)
    examples = _examples(tuple(dict.fromkeys(concepts)), images, captions, tags)
    network = named_network(config.backbone, config.weights, images, len(examples), seed=config.seed, device=device)
    features = encode_all(network, images, layer=LAYER)
    mining = Mining(cost=config.cost, rounds=config.rounds, seed=config.seed)
    detectors = [mined_detector(features, one.positive, one.negative, mining) for one in examples]
    scores = np.stack([detector.scores(features) for detector in detectors], axis=1)
    with_weights(network, as_layer(detectors, config.cost))
    found = _localized(network, images, examples, scores, out, config)
    write_whole(out / "ranking.csv", _ranking(images, examples, detectors, scores).encode())
    write_whole(out / "top.png", png.encoded(_sheet(images, examples, found, out)))
    if objects:
        write_whole(out / "objects.csv", _objects(network, images, examples, scores).encode())
    record = {
        **{"data": data, "captions": captions, "tags": tags, "settings": asdict(config), "images": len(images)},
        "boxes": sum(one.corners is not None for one in found.located),
        "concepts": {
            one.name: _told(one, detector, held_out_precision(features, one, images.group, mining))
            for one, detector in zip(examples, detectors, strict=True)
        },
        **provenance(),
    }
    write_json(out / RECORD, record)
    return record


def _check(config: ConceptsConfig, concepts: Sequence[str], out: Path, *, overwrite: bool) -> None:
    if not concepts:
        raise UsageError("which concepts? --concepts with phrases of the captions, or classes of the data")
    if config.top < 1 or config.rounds < 0 or not config.cost > 0 or not 0 <= config.threshold < 1:
        raise UsageError(
            "wanted --top of 1 or more, --rounds of 0 or more, a --cost above 0 and a --threshold from 0 to below 1"
        )
    if is_occupied(out) and not overwrite:
        raise RunError(f"{out} holds something already: pass another --out or --overwrite (nothing was written)")


def _images(data: str, reading: Reading, *, objects: bool) -> Images:
    images = sources.load(data, reading)
    say_left_out(images, data)
    if not isinstance(images, Images):
        raise DataError(f"{data} holds no images: concepts are looked for in images")
    if objects and images.masks is None and images.boxes is None:
        raise DataError(f"{data} has neither boxes nor masks of objects: leave out --objects")
    return images


def _examples(concepts: Sequence[str], images: Images, captions: str, tags: str) -> list[Examples]:
    if captions and tags:
        raise UsageError("--captions and --tags both say what is in the images: leave one of them out")
    if not captions and not tags:
        return [from_classes(name, images) for name in concepts]
    told = matched(read_captions(Path(captions)) if captions else _tags(Path(tags)), images.id.tolist())
    if not any(told):
        raise DataError(f"no line of {captions or tags} is of one of the {len(told)} images, such as {images.id[0]}")
    return [(from_captions if captions else from_tags)(name, told) for name in concepts]


def _tags(path: Path) -> dict[str, tuple[str, ...]]:
    if not path.is_file():
        raise DataError(f"no table at {path}: give a .csv or .tsv with columns image and label or tags")
    lines = image_table.parse(path.read_bytes(), path.name).lines
    return {line.image.removeprefix("./"): line.names for line in lines}


def _localized(
    network: CAM,
    images: Images,
    examples: Sequence[Examples],
    scores: NDArray[np.float32],
    out: Path,
    config: ConceptsConfig,
) -> Localized:
    """Write maps, boxes and pictures of each concept in the images that score highest."""
    tags = highest(scores, config.top)
    names = tuple(one.name for one in examples)
    asked = replace(images, classes=names, tags=tags, label=np.full(len(images), -1), boxes=None, masks=None)
    shown = LocalizeConfig(classes="labels", threshold=config.threshold, scale=config.scale)
    return localize_images(network, asked, out, shown)


def _told(one: Examples, detector: Detector, precision: float) -> dict[str, Any]:
    positive, negative = int(one.positive.sum()), int(one.negative.sum())
    return {
        "positive": positive,
        "negative": negative,
        "added": detector.added,
        "done": detector.done,
        "held_out_ap": None if np.isnan(precision) else round(100 * precision, 1),
        "chance": round(100 * positive / (positive + negative), 1),
    }


def _ranking(
    images: Images, examples: Sequence[Examples], detectors: Sequence[Detector], scores: NDArray[np.float32]
) -> str:
    """Return a table of all images for each concept, the highest score first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("concept", "rank", "image", "score", "role"))
    for one, detector, own in zip(examples, detectors, scores.T, strict=True):
        for rank, index in enumerate(np.argsort(-own, kind="stable").tolist(), 1):
            negative = "negative" if detector.used[index] else "not used" if one.negative[index] else "left out"
            role = "positive" if one.positive[index] else negative
            writer.writerow((one.name, rank, images.id[index], round(float(own[index]), 4), role))
    return buffer.getvalue()


def _objects(network: CAM, images: Images, examples: Sequence[Examples], scores: NDArray[np.float32]) -> str:
    """Return a table of the objects in each concept's recognised positives, the largest gain over chance first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("concept", "object", "images", "appears", "under", "by_chance", "gain"))
    for label, one in enumerate(examples):
        own = np.flatnonzero(one.positive & (scores[:, label] > 0))
        if len(own) < FEWEST:
            print(f"{one.name}: {len(own)} images recognised as such; objects need {FEWEST}", file=sys.stderr)
            continue
        high = looked_at(network, images.take(own), label)
        for found in informative_objects(high, [objects_of(images, index) for index in own.tolist()]):
            shares = (found.appears, found.under, found.by_chance, found.gain)
            name = images.classes[found.label]
            writer.writerow((one.name, name, found.images, *(round(100 * share, 1) for share in shares)))
    return buffer.getvalue()


def _sheet(images: Images, examples: Sequence[Examples], found: Localized, out: Path) -> NDArray[np.uint8]:
    """Draw a row for each concept: its first image as it is, then pictures with map and box by falling score."""
    rows = []
    for label, one in enumerate(examples):
        own = sorted((each for each in found.located if each.label == label), key=lambda each: -each.score)[:SHOWN]
        row = [Tile(photograph(images.pixels[own[0].image]), (one.name, f"{one.positive.sum()} images"))]
        for each in own:
            role = "positive" if one.positive[each.image] else "negative" if one.negative[each.image] else "left out"
            with Image.open(out / each.overlay) as picture:
                row.append(Tile(np.asarray(picture.convert("RGB")), (f"{each.score:.2f}", role)))
        rows.append(row)
    return contact_sheet(rows)
