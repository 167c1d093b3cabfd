"""Lay out Clothing Co-Parsing as data for masks from tags: eleven garments, tags for all, masks for some.

    python benchmarks/garments.py --out runs/data/garments
    lessup doctor runs/data/garments

Reads `ccp-256px.tar` (1,898 photographs of 256 pixels height, tags for all, 804 masks) and `ccp-coarse.csv`, which
groups 58 labels into 11 classes; labels that it does not name, such as skin and hair, count as background. Of the 804
images with a mask those 500 whose names hash lowest are for training, 304 for testing; images without a mask are for
training. So training from tags sees 1,594 images, and full supervision the 500 of them that have a mask. In masked
images the tags are exactly the classes of the mask. Nine images have none of the classes: their tags are empty, which
`lessup` reads as not known.

    OUT/images/0001.jpg  OUT/masks/0001.png  OUT/labels.txt  OUT/tags.csv (image, tags, split)

Tags and masks are those of the data, grouped. The hash of what is written is printed.
"""

import argparse
import csv
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
NUM_TRAIN = 500
"""Images with a mask that are trained on; the others are tested."""


def main() -> None:
    """Lay out the data and print its hash."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder that is not there")
    parser.add_argument("--data", type=Path, default=DATA)
    asked = parser.parse_args()
    lay_out(asked.data / "ccp-256px.tar", asked.data / "ccp-coarse.csv", asked.out)
    print(f"{asked.out}: {content_hash(asked.out)}")


def lay_out(archive: Path, grouping: Path, out: Path, *, num_train: int = NUM_TRAIN) -> None:
    """Write the folder.

    Args:
        archive: tar of the photographs, with `labels.txt`, `tags.csv`, `images/` and `masks/`.
        grouping: csv of columns label and group.
        out: folder to make.
        num_train: images with a mask that are trained on.
    """
    groups = {row["label"]: row["group"] for row in csv.DictReader(grouping.read_text().splitlines())}
    classes = list(dict.fromkeys(groups.values()))
    with tarfile.open(archive) as tar:
        files = {Path(member.name).parts[1:]: member for member in tar.getmembers() if member.isfile()}
        content = {name: tar.extractfile(member).read() for name, member in files.items()}  # type: ignore[union-attr]
    labels = content["labels.txt",].decode().split("\n")
    table = grouped(labels, groups, classes)
    masked = [name for folder, name in (each for each in content if len(each) == 2) if folder == "masks"]
    tested = set(sorted(masked, key=name_hash)[num_train:])
    (out / "images").mkdir(parents=True)
    (out / "masks").mkdir()
    lines = []
    for row in csv.DictReader(io.StringIO(content["tags.csv",].decode())):
        image, mask = row["image"], Path(row["image"]).with_suffix(".png").name
        (out / "images" / image).write_bytes(content["images", image])
        if mask in masked:
            numbers = np.asarray(Image.open(io.BytesIO(content["masks", mask])))
            Image.fromarray(table[numbers]).save(out / "masks" / mask, optimize=True)
        found = {groups[tag] for tag in row["tags"].split(" | ") if tag in groups}
        lines.append((image, [name for name in classes if name in found], "test" if mask in tested else "train"))
    write_table(out, classes, lines)


def grouped(labels: Sequence[str], groups: Mapping[str, str], classes: Sequence[str]) -> NDArray[np.uint8]:
    """Return (256,) the number of a class, or 0, for the number of every label."""
    table = np.zeros(256, np.uint8)
    for number, label in enumerate(labels):
        if label in groups:
            table[number] = 1 + classes.index(groups[label])
    return table


def write_table(out: Path, classes: Sequence[str], lines: Sequence[tuple[str, Sequence[str], str]]) -> None:
    """Write `labels.txt` and `tags.csv`, a line of image, tags and split for each."""
    (out / "labels.txt").write_text("\n".join(["background", *classes]) + "\n")
    with (out / "tags.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "tags", "split"])
        writer.writerows([image, " | ".join(tags), split] for image, tags, split in lines)


def name_hash(name: str) -> str:
    """Return what images are ordered by, whatever the order of their numbers."""
    return hashlib.blake2b(Path(name).stem.encode()).hexdigest()


def content_hash(folder: Path) -> str:
    """Return a hash of all names, of the numbers in PNG, whose compression may differ, and of what other files hold."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(np.asarray(Image.open(file)).tobytes() if file.suffix == ".png" else file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
