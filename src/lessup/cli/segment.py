"""`lessup segment --data DATA --tags tags.csv --out RUN`, and `lessup segment --from RUN --data NEW --out DIR`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs
from lessup.cli.flags import OutputFlags, asked_first, parse
from lessup.samples import Reading
from lessup.verbs.tag_stages import FromTagsConfig


@dataclass(frozen=True, kw_only=True)
class SegmentFlags:
    """What to segment with what.

    Attributes:
        from_: run folder of deeplab, or what `lessup segment` made from tags.
        data: folder, file or archive of images.
        out: folder to write masks/, overlays/, labels.txt and summary.json to.
        crf: follow the network by a dense CRF.
        overlays: write pictures of image and mask.
    """

    from_: Annotated[Path, tyro.conf.arg(name="from")]
    data: str
    out: Path
    crf: bool = True
    overlays: bool = True


@dataclass(frozen=True, kw_only=True)
class TagsFlags:
    """From which tags to learn.

    Attributes:
        data: folder, file or archive of images.
        out: folder to write masks/, overlays/, labels.txt, the stages and the segmenter to; one that was begun with the
            same data and settings is gone on with.
        tags: table of columns image and tags; those of the data itself if not given.
        overlays: write pictures of image and mask.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
    """

    data: str
    out: Path
    tags: str = ""
    overlays: bool = True
    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


def run(words: list[str]) -> int:
    """Turn tags into masks and a segmenter, or segment new images with one."""
    return _new_images(words) if asked_first(words, "from")["from"] else _from_tags(words)


def _new_images(words: list[str]) -> int:
    about = "Segment images with a trained segmenter: masks as PNG of class numbers, and pictures."
    groups = {
        "what": SegmentFlags(from_=tyro.MISSING, data=tyro.MISSING, out=tyro.MISSING),
        "output": OutputFlags(),
    }
    given = parse(words, groups, prog="lessup segment", description=about)
    what, output = given.what, given.output
    done = verbs.segment(
        what.from_,
        what.data,
        what.out,
        crf=what.crf,
        overlays=what.overlays,
        device=output.device,
        overwrite=output.overwrite,
    )
    print(verbs.dumps(done) if output.json else f"masks of {done['images']} images -> {what.out}")
    return 0


def _from_tags(words: list[str]) -> int:
    about = (
        "Learn from image tags to segment: masks of the images, and a segmenter. With --from RUN: segment new images."
    )
    groups = {
        "what": TagsFlags(data=tyro.MISSING, out=tyro.MISSING),
        "how": FromTagsConfig(),
        "reading": Reading(),
    }
    given = parse(words, groups, prog="lessup segment", description=about)
    what = given.what
    done = verbs.segment_from_tags(
        what.data,
        what.out,
        tags=what.tags,
        config=given.how,
        reading=given.reading,
        overlays=what.overlays,
        device=what.device,
    )
    if what.json:
        print(verbs.dumps(done))
        return 0
    print(f"masks of {done['images']} images -> {what.out}")
    print(f"next: lessup segment --from {what.out} --data NEW --out DIR", file=sys.stderr)
    return 0
