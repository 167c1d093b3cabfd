"""`lessup label --data DATA --labels labels.csv --out labels_all.csv`, or with `--classes names.txt`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from lessup import verbs
from lessup.cli.flags import OutputFlags, parse
from lessup.errors import UsageError
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
        classes: text with the name of a class a line, where labels are few or there are none at all.
        out: table to write: image, label, confidence, given, doubt, next.
    """

    data: str
    out: Path
    labels: Path | None = None
    classes: Path | None = None


def run(words: list[str]) -> int:
    """Make labels for all from a few."""
    about = (
        "Label all images from a few labels: the way is chosen by cross-validation on the labels given. Says which of "
        "these look wrong, and which images to label next. With --classes, from the names of the classes alone."
    )
    groups = {
        "what": LabelFlags(data=tyro.MISSING, out=tyro.MISSING),
        "how": LabelConfig(),
        "reading": Reading(),
        "output": OutputFlags(),
    }
    given = parse(words, groups, prog="lessup label", description=about)
    what, output = given.what, given.output
    how = {
        "config": given.how,
        "reading": given.reading,
        "device": output.device,
        "overwrite": output.overwrite,
    }
    if what.classes:
        done = verbs.label_by_names(what.data, what.classes, what.out, labels=what.labels, **how)
    elif what.labels:
        done = verbs.label(what.data, what.labels, what.out, **how)
    else:
        raise UsageError(
            "lessup label needs --labels, a table of columns image and label, or --classes, a text with the name of a "
            "class a line; or both"
        )
    if output.json:
        print(verbs.dumps(done))
        return 0
    _say_names(done) if what.classes else _say_choice(done)
    if done["next"]:
        print(f"label next: {', '.join(done['next'][:SHOWN])}{' ...' if len(done['next']) > SHOWN else ''}")
    for note in done["notes"]:
        print(note, file=sys.stderr)
    print(f"{done['made']} labels made, {sum(done['given'].values())} given -> {what.out}", file=sys.stderr)
    return 0


def _say_choice(done: dict[str, Any]) -> None:
    """Say which way was taken and which labels look wrong."""
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


def _say_names(done: dict[str, Any]) -> None:
    """Say how far names and neighbours agree, and what was taken for examples."""
    print(f"names and neighbours agree on {done['agreement']} % of {done['samples']} images")
    print(f"examples taken by name: {', '.join(f'{count} {name}' for name, count in done['taken'].items())}")
