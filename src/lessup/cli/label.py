"""`lessup label --data DATA --labels labels.csv --out labels_all.csv`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs
from lessup.cli.flags import parse
from lessup.samples import Reading
from lessup.verbs.labelling import LabelConfig

SHOWN = 5
"""Names in a line."""


@dataclass(frozen=True, kw_only=True)
class LabelFlags:
    """What to label.

    Attributes:
        data: folder, file or archive of images, or a features.npz.
        labels: table of columns image and label, for a few of them.
        out: table to write: image, label, confidence, given, doubt, next.
        device: where to compute, such as `cpu` or `cuda`.
        json: print one JSON object and nothing else.
        overwrite: write over a file that is there.
    """

    data: str
    labels: Path
    out: Path
    device: str = "cpu"
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


def run(words: list[str]) -> int:
    """Make labels for all from a few."""
    about = (
        "Label all images from a few labels: the way is chosen by cross-validation on the labels given. Says which of "
        "these look wrong, and which images to label next."
    )
    groups = {
        "what": LabelFlags(data=tyro.MISSING, labels=tyro.MISSING, out=tyro.MISSING),
        "how": LabelConfig(),
        "reading": Reading(),
    }
    given = parse(words, groups, prog="lessup label", description=about)
    what = given.what
    done = verbs.label(
        what.data,
        what.labels,
        what.out,
        config=given.how,
        reading=given.reading,
        device=what.device,
        overwrite=what.overwrite,
    )
    if what.json:
        print(verbs.dumps(done))
        return 0
    for name, right in done["held_out_accuracy"].items():
        mark = " <- taken" if name == done["method"] else ""
        told = (
            "nothing could be held out" if right is None else f"{right} % of {done['held_out_labels']} labels held out"
        )
        print(f"{name}: {told}{mark}")
    if len(done["held_out_accuracy"]) > 1 and done["held_out_labels"]:
        print("(the best of several flatters itself: expect somewhat less on the others)")
    if done["doubtful"]:
        some = [f"{id} looks like {like}" for id, like in [*done["doubtful"].items()][:SHOWN]]
        print(f"{len(done['doubtful'])} labels given look wrong: {', '.join(some)}")
    if done["next"]:
        print(f"label next: {', '.join(done['next'][:SHOWN])}{' ...' if len(done['next']) > SHOWN else ''}")
    for note in done["notes"]:
        print(note, file=sys.stderr)
    print(f"{done['made']} labels made, {sum(done['given'].values())} given -> {what.out}", file=sys.stderr)
    return 0
