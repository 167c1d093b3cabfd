"""`lessup discover concepts --data DATA --concepts A B --out DIR`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs
from lessup.cli.flags import parse
from lessup.errors import UsageError
from lessup.samples import Reading
from lessup.verbs.concepts import ConceptsConfig

WHAT = ("concepts",)
"""What can be discovered."""


@dataclass(frozen=True, kw_only=True)
class ConceptsFlags:
    """Which concepts to look for where.

    Attributes:
        data: folder, file or archive of images.
        concepts: phrases of the captions; or without `--captions`, tags, or classes of the data.
        out: folder to write ranking.csv, top.png, boxes.csv, instances.json, maps/ and overlays/ to.
        captions: COCO's captions*.json, a folder or archive that holds it, or a table of image and caption.
        tags: table of columns image and label or tags, in place of what the data itself says.
        objects: write objects.csv, which objects of the data's masks or boxes lie under the maps.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
        overwrite: write into a folder that holds files.
    """

    data: str
    concepts: tuple[str, ...]
    out: Path
    captions: str = ""
    tags: str = ""
    objects: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


def run(words: list[str]) -> int:
    """Find patterns that nobody outlined."""
    if words[:1] in (["-h"], ["--help"]):
        return _concepts(words)  # there is nothing else to choose
    if not words or words[0] not in WHAT:
        raise UsageError(f"discover what? Wanted one of {', '.join(WHAT)}, came {' '.join(words[:1]) or 'nothing'}")
    return _concepts(words[1:])


def _concepts(words: list[str]) -> int:
    about = (
        "Learn detectors of concepts from captions or tags of whole images, with hard negatives, and show where in "
        "the images they see them."
    )
    groups = {
        "what": ConceptsFlags(data=tyro.MISSING, concepts=tyro.MISSING, out=tyro.MISSING),
        "how": ConceptsConfig(),
        "reading": Reading(),
    }
    given = parse(words, groups, prog="lessup discover concepts", description=about)
    what = given.what
    done = verbs.discover_concepts(
        what.data,
        what.out,
        what.concepts,
        captions=what.captions,
        tags=what.tags,
        objects=what.objects,
        config=given.how,
        reading=given.reading,
        device=what.device,
        overwrite=what.overwrite,
    )
    if what.json:
        print(verbs.dumps(done))
        return 0
    for name, told in done["concepts"].items():
        ranked = "too few to hold any out" if told["held_out_ap"] is None else f"AP {told['held_out_ap']} % held out"
        print(
            f"{name}: {told['positive']} images with it, {told['negative']} without, {sum(told['added'])} of them "
            f"used; {ranked}, {told['chance']} % by chance"
        )
    print(f"{done['boxes']} boxes -> {what.out}", file=sys.stderr)
    return 0
