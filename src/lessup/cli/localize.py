"""`lessup localize RUN --data DATA --out DIR`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from lessup import verbs
from lessup.cli.flags import OutputFlags, parse
from lessup.errors import UsageError
from lessup.masks.boxes import SHARE, Scale, Way
from lessup.masks.image_maps import Crops
from lessup.masks.localize import LocalizeConfig, MapFormat


@dataclass(frozen=True, kw_only=True)
class LocalizeFlags:
    """Where to look for what.

    Attributes:
        run: run folder of a classifier; with --learn-from of any network on images.
        data: folder, file or archive of images.
        out: folder to write boxes.csv, instances.json, maps/ and overlays/ to.
        classes: names of classes to look for in every image; or `predicted`, the likeliest of each image; or `labels`,
            those that the data itself knows.
        learn_from: labelled images whose classes to look for in place of the run's: linear support vector machines
            on the network's pooled features learn them, and their weights make the maps.
        top: how many of the likeliest.
        method: `paper` draws the box around the largest part above a threshold, `release` the first one of the code of
            CAM's authors, at three fixed levels.
        threshold: of the paper's way, as a share of the maximum of the map; 0.2 if not given.
        scale: whether 0 of a map is its least value (`range`) or no evidence for the class (`maximum`).
        crops: looks at an image: one at the whole, or ten as in the code of CAM's authors, for ten times the time.
        maps: how maps are written: 8-bit PNG, float32 `.npy`, or not at all.
        overlays: write pictures of image, map and box.
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    data: str
    out: Path
    classes: tuple[str, ...] = ("predicted",)
    learn_from: str = ""
    top: int = 1
    method: Way = "paper"
    threshold: float | None = None
    scale: Scale = "range"
    crops: Crops = 1
    maps: MapFormat = "png"
    overlays: bool = True


def run(words: list[str]) -> int:
    """Show where a classifier sees its classes: maps, boxes and pictures."""
    groups = {
        "what": LocalizeFlags(run=tyro.MISSING, data=tyro.MISSING, out=tyro.MISSING),
        "output": OutputFlags(),
    }
    about = "Show where a classifier sees its classes in images: maps, boxes (CSV and COCO's JSON) and pictures."
    given = parse(words, groups, prog="lessup localize", description=about)
    what, output = given.what, given.output
    if what.method == "release" and what.threshold is not None:
        raise UsageError("--threshold is of --method paper; the release has three fixed levels: leave one of them out")
    config = LocalizeConfig(
        top=what.top,
        method=what.method,
        threshold=SHARE if what.threshold is None else what.threshold,
        scale=what.scale,
        crops=what.crops,
        maps=what.maps,
        overlays=what.overlays,
    )
    done = verbs.localize(
        what.run,
        what.data,
        what.out,
        classes=what.classes,
        learn_from=what.learn_from,
        config=config,
        device=output.device,
        overwrite=output.overwrite,
    )
    if output.json:
        print(verbs.dumps(done))
        return 0
    if learnt := done["learnt"]:
        print(_said(learnt))
    print(f"{done['boxes']} boxes in {done['images']} images -> {what.out}")
    for kind, meaning in {"unknown": "images left out", "without_box": "classes of images without a box"}.items():
        if names := done[kind]:
            print(f"{len(names)} {meaning}, such as {names[0]['name']}: {names[0]['reason']}", file=sys.stderr)
    return 0


def _said(learnt: dict[str, Any]) -> str:
    told = learnt["validation"]
    held_out = "too few to choose it" if told is None else f"{told:.1f} % on the held-out third"
    return f"{learnt['classes']} classes learnt from {learnt['images']} images, cost {learnt['cost']:g} ({held_out})"
