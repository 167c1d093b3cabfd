"""What `lessup advise` says of photographs of a few classes of Caltech-101.

    python benchmarks/advice.py --data ../shared/data/caltech101-96px.tar

The classes are those whose name has the smallest SHA-256 among all with `--images` photographs or more, each with the
first so many by name; the background and the two classes of faces, which are one another's photographs, are left out.
They are laid out as a newcomer would have them, a folder a class, in runs/benchmarks/advice-photos. The features are of
a network that was trained on ImageNet's labels, some of whose classes are alike: its rows flatter.
"""

import argparse
import hashlib
import json
import shutil
import time
from collections import defaultdict
from pathlib import Path

import record
from lessup import verbs
from lessup.formats.file_tree import open_tree
from lessup.report import transfer_writers
from lessup.verbs.advice import AdviceConfig

LEFT_OUT = ("BACKGROUND_Google", "Faces", "Faces_easy")


def laid_out(data: str, num_classes: int, num_images: int) -> Path:
    """Write a folder of photographs of each of the classes, and return the folder of them."""
    tree = open_tree(Path(data))
    found = defaultdict(list)
    for name in sorted(tree.names()):
        if name.endswith(".jpg"):
            found[name.split("/")[-2]].append(name)
    enough = [name for name, files in found.items() if len(files) >= num_images and name not in LEFT_OUT]
    chosen = sorted(enough, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:num_classes]
    folder = record.ROOT / "runs" / "benchmarks" / "advice-photos"
    shutil.rmtree(folder, ignore_errors=True)
    for name in chosen:
        (folder / name).mkdir(parents=True)
        for file in found[name][:num_images]:
            (folder / name / Path(file).name).write_bytes(tree.read(file))
    return folder


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="Caltech-101, a folder a class")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--images", type=int, default=70, help="of each class")
    parser.add_argument("--scratch-steps", type=int, default=AdviceConfig.scratch_steps)
    asked = parser.parse_args()
    folder = laid_out(asked.data, asked.classes, asked.images)
    start = time.perf_counter()
    table = verbs.advise(str(folder), config=AdviceConfig(scratch_steps=asked.scratch_steps))
    found = json.loads(transfer_writers.to_json(table))
    found["data"] = f"{asked.classes} classes of {Path(asked.data).name}"
    classes = sorted(path.name for path in folder.iterdir())
    record.write("advice", {"classes": classes, "seconds": round(time.perf_counter() - start), "table": found})


if __name__ == "__main__":
    main()
