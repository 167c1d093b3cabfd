"""`lessup discover concepts|answers --data DATA --out DIR`: what images are sorted by that nobody outlined."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import tyro

from lessup import verbs
from lessup.cli.flags import OutputFlags, parse
from lessup.errors import UsageError
from lessup.samples import Reading
from lessup.verbs.answers import ROWS, AnswersConfig
from lessup.verbs.concepts import ConceptsConfig

What = Literal["concepts", "answers"]
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
    """

    data: str
    concepts: tuple[str, ...]
    out: Path
    captions: str = ""
    tags: str = ""
    objects: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


@dataclass(frozen=True, kw_only=True)
class AnswersFlags:
    """Which questions to answer.

    Attributes:
        data: folder, file or archive of images.
        questions: table of columns image, question and answer, the last of them empty where it is asked for.
        out: folder to write answers.csv, answers.json, sheet.png and overlays/ to.
    """

    data: str
    questions: Path
    out: Path


def run(words: list[str]) -> int:
    """Find patterns that nobody outlined."""
    if words[:1] in (["-h"], ["--help"]):
        about = "concepts of captions or tags, or answers to questions; `lessup discover concepts --help` shows flags"
        tyro.cli(What, args=words[:1], prog="lessup discover", description=about)
    if not words or words[0] not in get_args(What):
        came = " ".join(words[:1]) or "nothing"
        raise UsageError(f"discover what? Wanted one of {', '.join(get_args(What))}, came {came}")
    return (_concepts if words[0] == "concepts" else _answers)(words[1:])


def _concepts(words: list[str]) -> int:
    about = (
        "Learn detectors of concepts from captions or tags of whole images, with hard negatives, and show where in "
        "the images they see them."
    )
    groups = {
        "what": ConceptsFlags(data=tyro.MISSING, concepts=tyro.MISSING, out=tyro.MISSING),
        "how": ConceptsConfig(),
        "reading": Reading(),
        "output": OutputFlags(),
    }
    given = parse(words, groups, prog="lessup discover concepts", description=about)
    what, output = given.what, given.output
    done = verbs.discover_concepts(
        what.data,
        what.out,
        what.concepts,
        captions=what.captions,
        tags=what.tags,
        objects=what.objects,
        config=given.how,
        reading=given.reading,
        device=output.device,
        overwrite=output.overwrite,
    )
    if output.json:
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


def _answers(words: list[str]) -> int:
    about = (
        "Learn to answer questions about images from a table of questions and answers, and show which words of a "
        "question and which places of its image speak for the answer."
    )
    groups = {
        "what": AnswersFlags(data=tyro.MISSING, questions=tyro.MISSING, out=tyro.MISSING),
        "how": AnswersConfig(),
        "reading": Reading(),
        "output": OutputFlags(),
    }
    given = parse(words, groups, prog="lessup discover answers", description=about)
    what, output = given.what, given.output
    done = verbs.discover_answers(
        what.data,
        what.out,
        what.questions,
        config=given.how,
        reading=given.reading,
        device=output.device,
        overwrite=output.overwrite,
    )
    if output.json:
        print(verbs.dumps(done))
        return 0
    print(", ".join(f"{count} questions {name}" for name, count in done["parts"].items()))
    if done["held_out"]:
        rows = [f"{row.replace('_', ' ')} {done['held_out'][row]} %" for row in ROWS]
        print(f"answered right of those held out: {', '.join(rows)}")
    print(f"{sum(done['parts'].values())} answers -> {what.out}", file=sys.stderr)
    return 0
