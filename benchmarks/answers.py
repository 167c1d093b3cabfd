"""Measure a question answerer on questions that are written from the outlines of COCO's objects.

    python benchmarks/answers.py --data ../shared/data/coco-captions-mini.tar

"is there a NAME" is asked for every class that some images have, and of as many images that have it as have it not, so
that the name tells nothing; "what animal is there" (food, vehicle ...) where an image has one class of that kind; "what
is in the picture", whose answer is the class of its largest object; and "how many NAMEs are there" for a few frequent
classes. Each of `--folds` parts of the images is held out once. Questions and answers stay in runs/benchmarks/answers/.
"""

import argparse
import csv
import json
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import record
from lessup.formats.file_tree import open_tree
from lessup.verbs.answers import ROWS
from run import lessup

FEWEST = 6
"""Images with a class and without it, for whether it is there to be asked."""

KINDS = ("animal", "vehicle", "food", "furniture", "appliance")
"""COCO's groups of classes that are asked for by name."""

COUNTED = 5
"""Classes whose objects are counted, the most frequent ones."""

YES = ("yes", "no")

MANY = 4
"""Objects from which on the answer is `many`."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="COCO: images and instances*.json")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--name", default="answers", help="of the result")
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[], help="more of `lessup discover answers`, last")
    return parser.parse_args()


def objects(path: Path) -> tuple[dict[str, Counter[str]], dict[str, str], dict[str, str]]:
    """Return how many objects of each class every image has, which has the largest area, and each class's kind."""
    tree = open_tree(path)
    counts: dict[str, Counter[str]] = {}
    largest: dict[str, tuple[float, str]] = {}
    kind: dict[str, str] = {}
    for name in sorted(name for name in tree.names() if name.rpartition("/")[2].startswith("instances")):
        told = json.loads(tree.read(name))
        file = {each["id"]: each["file_name"] for each in told["images"]}
        classes = {each["id"]: each["name"] for each in told["categories"]}
        kind |= {each["name"]: each["supercategory"] for each in told["categories"]}
        counts |= {image: Counter() for image in file.values()}
        for each in told["annotations"]:
            image, label = file[each["image_id"]], classes[each["category_id"]]
            counts[image][label] += MANY if each["iscrowd"] else 1
            largest[image] = max(largest.get(image, (0.0, "")), (each["area"], label))
    return counts, {image: label for image, (_, label) in largest.items()}, kind


def questions(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield image, question and answer."""
    counts, largest, kind = objects(path)
    rng = np.random.default_rng(0)
    frequent = Counter(label for own in counts.values() for label in own).most_common()
    for name, _ in frequent:
        sides = {
            answer: [image for image, own in counts.items() if (name in own) == (answer == "yes")] for answer in YES
        }
        fewest = min(map(len, sides.values()))
        for answer, images in sides.items() if fewest >= FEWEST else ():
            for image in rng.choice(images, fewest, replace=False).tolist():
                yield image, f"is there a {name}?", answer
    for image, own in counts.items():
        for each in KINDS:
            of_kind = [name for name in own if kind[name] == each]
            if len(of_kind) == 1:
                yield image, f"what {each} is there?", of_kind[0]
        if image in largest:
            yield image, "what is in the picture?", largest[image]
        for name, _ in frequent[:COUNTED]:
            if own[name]:
                yield image, f"how many {name}s are there?", str(own[name]) if own[name] < MANY else "many"


def main() -> None:
    asked = arguments()
    folder = record.ROOT / "runs" / "benchmarks" / "answers"
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / f"{asked.name}.csv"
    lines = list(questions(asked.data))
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("image", "question", "answer"), *lines])
    found = []
    for fold in range(asked.folds):
        words = ["discover", "answers", "--data", str(asked.data), "--questions", str(table)]
        words += ["--out", str(folder / f"{asked.name}-{fold}"), "--overwrite", "--json"]
        told = json.loads(
            lessup(*words, "--folds", str(asked.folds), "--fold", str(fold), "--no-official", *asked.flags)
        )
        found.append(told)
        print(fold, told["held_out"])
    parts = [{"all": told["held_out"], **told["by_first_word"]} for told in found]
    record.write(
        asked.name,
        {
            "data": asked.data.name,
            "settings": found[0]["settings"],
            "images": found[0]["images"],
            "questions": len(lines),
            "answers": found[0]["answers"],
            "folds": parts,
            "accuracy": {kind: summary([part[kind] for part in parts]) for kind in parts[0]},
        },
    )


def summary(parts: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return mean and spread of every row over the folds, in percent."""
    of_rows = {row: [part[row] for part in parts] for row in ROWS}
    return {
        row: {"mean": round(statistics.mean(own), 1), "std": round(statistics.stdev(own), 1)}
        for row, own in of_rows.items()
    }


if __name__ == "__main__":
    main()
